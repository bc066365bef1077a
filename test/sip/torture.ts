/**
 * The situations of RFC 4475, each in a message of our own words that has what the
 * RFC describes. `code` is what the parser finds wrong, `answer` the status that the
 * endpoint gives before any user sees the message; where the RFC permits leniency or
 * strictness we are strict. `gap` says why a row is not what it should be yet.
 */
export interface Torture {
	readonly section: string;
	readonly name: string;
	readonly message: string;
	/** Bytes after the text, for bodies that are not text. */
	readonly binary?: readonly number[];
	/** Accepted: the method, or the status of a response. */
	readonly accepted?: string | number;
	readonly code?: string;
	readonly answer?: number;
	readonly gap?: string;
}

const message = (...lines: readonly string[]) =>
	`${lines.join("\r\n")}\r\n\r\n`;

/** A request with everything that one needs; `change` replaces or adds lines by name, "" removes one. */
function request(
	start: string,
	change: Readonly<Record<string, string>> = {},
	body = "",
): string {
	const method = start.slice(0, start.indexOf(" "));
	const lines: Record<string, string> = {
		Via: "SIP/2.0/UDP t1.example.org;branch=z9hG4bK.torture",
		"Max-Forwards": "70",
		From: "<sip:caller@example.net>;tag=242etr",
		To: "<sip:user@example.com>",
		"Call-ID": "torture.0ha0isndaksdj",
		CSeq: `8 ${method}`,
		...(method === "INVITE" || method === "REGISTER"
			? { Contact: "<sip:caller@host5.example.net>" }
			: {}),
		"Content-Length": String(body.length),
		...change,
	};
	const text = Object.entries(lines)
		.filter(([, value]) => value !== "")
		.map(([name, value]) => `${name}: ${value}`);
	return message(start, ...text) + body;
}

const response = (
	start: string,
	change: Readonly<Record<string, string>> = {},
) =>
	request(start, {
		CSeq: "35 INVITE",
		To: "<sip:user@example.com>;tag=2229",
		...change,
	});

const description =
	"v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\nm=audio 49217 RTP/AVP 0\r\n";
const long = (text: string, times: number) => text.repeat(times);
/** Every character that a token may hold. */
const oddToken = "!method-0123456789_*+`.%indeed'~";
const oddUser =
	"1_unusual.user~(to-be!sure)&isn't+it$/crazy?,/;;*:&pass=1,word!*pa$s~d_too.(doesn't-it)";

export const torture: readonly Torture[] = [
	{
		section: "3.1.1.1",
		name: "wsinv",
		accepted: "INVITE",
		message:
			message(
				"INVITE sip:vivek@chair.example.com;unknownparam SIP/2.0",
				"TO :",
				" sip:vivek@chair.example.com ;   tag    = 1918181833n",
				'from   : "J Rosenberg \\\\\\""       <sip:jd@example.com>',
				"  ;",
				"  tag = 98asjd8",
				"MaX-fOrWaRdS: 0068",
				"Call-ID: wsinv.ndaksdj@192.0.2.1",
				`Content-Length   : ${description.length}`,
				"cseq: 0009",
				"  INVITE",
				"Via  : SIP  /   2.0",
				" /UDP",
				"    192.0.2.2;branch=390skdjuw",
				"s :",
				"NewFangledHeader:   newfangled value",
				" continued newfangled value",
				"UnknownHeaderWithUnusualValue: ;;,,;;,;",
				"Content-Type: application/sdp",
				"Route:",
				" <sip:services.example.com;lr;unknownwith=value;unknown-no-value>",
				"v:  SIP  / 2.0  / TCP     spindle.example.com   ;",
				"  branch  =   z9hG4bK9ikj8  ,",
				" SIP  /    2.0   / UDP  192.168.255.111   ; branch=",
				" z9hG4bK30239",
				'm:"Quoted string \\"\\"" <sip:jd@example.com> ; newparam =',
				"      newvalue ;",
				"  secondparam ; q = 0.33",
			) + description,
	},
	{
		section: "3.1.1.2",
		name: "intmeth",
		accepted: oddToken,
		message: request(`${oddToken} sip:${oddUser}@example.com SIP/2.0`, {
			To: '"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_unusual.URI@example.com>',
			From: `token1~\`! token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%="\u0440\u0430\u0431\u043e\u0442\u0430";tag=_token~1'+\`*%!-.`,
			"Call-ID": "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
			"extensionHeader-!.%*+_`'~": "\ufeff\u5927\u505c\u96fb",
		}),
	},
	{
		section: "3.1.1.3",
		name: "esc01",
		accepted: "INVITE",
		message: request(
			"INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0",
			{
				To: "sip:%75se%72@example.com",
				From: "<sip:I%20have%20spaces@example.net>;tag=938",
				Contact:
					"<sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>",
			},
		),
	},
	{
		section: "3.1.1.4",
		name: "escnull",
		accepted: "REGISTER",
		message: request("REGISTER sip:example.com SIP/2.0", {
			To: "sip:null-%00-null@example.com",
			From: "sip:null-%00-null@example.com;tag=839923423",
			Contact: "<sip:%00@host5.example.com>, <sip:%00%00@host5.example.com>",
		}),
	},
	{
		section: "3.1.1.5",
		name: "esc02",
		accepted: "RE%47IST%45R",
		message: request("RE%47IST%45R sip:registrar.example.com SIP/2.0", {
			To: '"%Z%45" <sip:resource@example.com>',
			From: '"%Z%45" <sip:resource@example.com>;tag=f232jadfj23',
			"C%6Fntact": "<sip:alias1@host1.example.com>",
			Contact: "<sip:alias3@host3.example.com>",
		}),
	},
	{
		section: "3.1.1.6",
		name: "lwsdisp",
		accepted: "OPTIONS",
		message: request("OPTIONS sip:user@example.com SIP/2.0", {
			From: "caller<sip:caller@example.com>;tag=323",
		}),
	},
	{
		section: "3.1.1.7",
		name: "longreq",
		accepted: "INVITE",
		message: request(
			`INVITE sip:user@example.com;unknown${long("long", 30)}name=${long("long", 30)}value SIP/2.0`,
			{
				Via: `${Array.from({ length: 33 }, (_, hop) => `SIP/2.0/TCP sip${hop}.example.com;branch=z9hG4bK${hop}`).join(",")}, SIP/2.0/UDP host.example.com;received=192.0.2.5;branch=very${long("long", 50)}branchvalue`,
				To: `"I have a user name of ${long("extreme", 10)} proportion"<sip:user@example.com:6000;unknownparam1=very${long("long", 20)}value;longparam${long("name", 25)}=shortvalue;very${long("long", 25)}ParameterNameWithNoValue>`,
				From: `sip:${long("amazinglylongcallername", 5)}@example.net;tag=12${long("982", 50)}424;unknownheaderparam${long("name", 20)}=unknowheaderparam${long("value", 15)};unknownValueless${long("paramname", 10)}`,
				"Call-ID": `longreq.one${long("really", 20)}longcallid`,
				[`Unknown-${long("Long", 20)}-Name`]: `unknown-${long("long", 20)}-value; unknown-${long("long", 20)}-parameter-name = unknown-${long("long", 20)}-parameter-value`,
				Contact: `<sip:${long("amazinglylongcallername", 5)}@host5.example.net>`,
			},
			description,
		),
	},
	{
		section: "3.1.1.8",
		name: "dblreq",
		accepted: "REGISTER",
		message:
			request("REGISTER sip:example.com SIP/2.0") +
			request("INVITE sip:joe@example.com SIP/2.0", {}, description),
	},
	{
		section: "3.1.1.9",
		name: "semiuri",
		accepted: "OPTIONS",
		message: request(
			"OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0",
		),
	},
	{
		section: "3.1.1.10",
		name: "transports",
		accepted: "OPTIONS",
		message: request("OPTIONS sip:user@example.com SIP/2.0", {
			Via: ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]
				.map(
					(transport) =>
						`SIP/2.0/${transport} t.example.com;branch=z9hG4bK${transport}`,
				)
				.join(", "),
		}),
	},
	{
		section: "3.1.1.11",
		name: "mpart01",
		accepted: "MESSAGE",
		message: request("MESSAGE sip:kumiko@example.org SIP/2.0", {
			"Content-Type": "multipart/mixed;boundary=7a9cbec02ceef655",
			"Content-Length": "8",
		}),
		binary: [0x2d, 0x2d, 0x00, 0x0d, 0x0a, 0xff, 0xfe, 0x80],
	},
	{
		section: "3.1.1.12",
		name: "unreason",
		accepted: 200,
		message: response(
			"SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e \u0434\u0435\u0432\u044f\u043d\u043e\u0441\u0442\u043e \u0434\u0435\u0432\u044f\u0442\u044c - \u043f\u0440\u043e\u0441\u0442\u043e\u0435",
		),
	},
	{
		section: "3.1.1.13",
		name: "noreason",
		accepted: 100,
		message: response("SIP/2.0 100 "),
	},
	{
		section: "3.1.2.1",
		name: "badinv01",
		code: "header-value",
		answer: 400,
		message: request("INVITE sip:user@example.com SIP/2.0", {
			Via: "SIP/2.0/UDP 192.0.2.15;;,;,,",
			Contact: '"Joe" <sip:joe@example.org>;;;;',
		}),
	},
	{
		section: "3.1.2.2",
		name: "clerr",
		code: "truncated",
		answer: 400,
		message: request("INVITE sip:user@example.com SIP/2.0", {
			"Content-Length": "9999",
		}),
	},
	{
		section: "3.1.2.3",
		name: "ncl",
		code: "header-value",
		answer: 400,
		message: request("INVITE sip:user@example.com SIP/2.0", {
			"Content-Length": "-999",
		}),
	},
	{
		section: "3.1.2.4",
		name: "scalar02",
		code: "header-value",
		answer: 400,
		message: request("REGISTER sip:example.com SIP/2.0", {
			"Max-Forwards": "300",
			CSeq: "36893488147419103232 REGISTER",
			Expires: "10000000000000000000000000000000000000",
			Contact: "<sip:user@host129.example.com>;expires=280297596632815",
		}),
	},
	{
		section: "3.1.2.5",
		name: "scalarlg",
		code: "header-value",
		message: response("SIP/2.0 503 Service Unavailable", {
			CSeq: "9292394834772304023312 OPTIONS",
			"Retry-After": "949302838503028349304023988",
			Warning: '1812 overture "In Progress"',
		}),
	},
	{
		section: "3.1.2.6",
		name: "quotbal",
		code: "header-value",
		answer: 400,
		message: request("INVITE sip:user@example.com SIP/2.0", {
			To: '"Mr. J. User <sip:j.user@example.com>',
		}),
	},
	{
		section: "3.1.2.7",
		name: "ltgtruri",
		code: "uri",
		answer: 400,
		message: request("INVITE <sip:user@example.com> SIP/2.0"),
	},
	{
		section: "3.1.2.8",
		name: "lwsruri",
		code: "start-line",
		answer: 400,
		message: request("INVITE sip:user@example.com; lr SIP/2.0"),
	},
	{
		section: "3.1.2.9",
		name: "lwsstart",
		code: "start-line",
		answer: 400,
		message: request("INVITE  sip:user@example.com  SIP/2.0"),
	},
	{
		section: "3.1.2.10",
		name: "trws",
		code: "start-line",
		answer: 400,
		message: request("OPTIONS sip:remote-target@example.com SIP/2.0  "),
	},
	{
		section: "3.1.2.11",
		name: "escruri",
		code: "uri",
		answer: 400,
		message: request(
			"INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0",
		),
	},
	{
		section: "3.1.2.12",
		name: "baddate",
		code: "header-value",
		answer: 400,
		message: request("INVITE sip:user@example.com SIP/2.0", {
			Date: "Fri, 01 Jan 2010 16:00:00 EST",
		}),
	},
	{
		section: "3.1.2.13",
		name: "regbadct",
		code: "header-value",
		answer: 400,
		message: request("REGISTER sip:example.com SIP/2.0", {
			Contact: "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
		}),
	},
	{
		section: "3.1.2.14",
		name: "badaspec",
		code: "uri",
		answer: 400,
		message: request("OPTIONS sip:user@example.org SIP/2.0", {
			To: '"Watson, Thomas" < sip:t.watson@example.org >',
		}),
	},
	{
		section: "3.1.2.15",
		name: "baddn",
		code: "uri",
		answer: 400,
		message: request("OPTIONS sip:t.watson@example.org SIP/2.0", {
			From: "Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
		}),
	},
	{
		section: "3.1.2.16",
		name: "badvers",
		code: "sip-version",
		answer: 505,
		message: request("OPTIONS sip:t.watson@example.org SIP/7.0", {
			Via: "SIP/2.0/UDP c.example.com;branch=z9hG4bKkdjuw",
		}),
	},
	{
		section: "3.1.2.17",
		name: "mismatch01",
		code: "cseq-method",
		answer: 400,
		message: request("OPTIONS sip:user@example.com SIP/2.0", {
			CSeq: "8 INVITE",
		}),
	},
	{
		section: "3.1.2.18",
		name: "mismatch02",
		code: "cseq-method",
		answer: 400,
		message: request("NEWMETHOD sip:user@example.com SIP/2.0", {
			CSeq: "8 INVITE",
		}),
	},
	{
		section: "3.1.2.19",
		name: "bigcode",
		code: "start-line",
		message: response("SIP/2.0 4294967301 better not break the receiver"),
	},
	{
		section: "3.2.1",
		name: "badbranch",
		accepted: "OPTIONS",
		message: request("OPTIONS sip:user@example.com SIP/2.0", {
			Via: "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK",
		}),
	},
	{
		section: "3.3.1",
		name: "insuf",
		code: "header-missing",
		answer: 400,
		message: request("INVITE sip:user@example.com SIP/2.0", {
			"Call-ID": "",
			From: "",
			To: "",
		}),
	},
	{
		section: "3.3.2",
		name: "unkscm",
		accepted: "OPTIONS",
		message: request("OPTIONS nobodyKnowsThisScheme:totallyopaque SIP/2.0"),
	},
	{
		section: "3.3.3",
		name: "novelsc",
		accepted: "OPTIONS",
		message: request("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"),
	},
	{
		section: "3.3.4",
		name: "unksm2",
		accepted: "REGISTER",
		message: request("REGISTER sip:example.com SIP/2.0", {
			To: "isbn:2983792873",
			From: "<http://www.example.com>;tag=3234233",
			Contact: "<name:John_Smith>",
		}),
	},
	{
		section: "3.3.5",
		name: "bext01",
		accepted: "OPTIONS",
		message: request("OPTIONS sip:user@example.com SIP/2.0", {
			Require: "nothingSupportsThis, nothingSupportsThisEither",
			"Proxy-Require": "noProxiesSupportThis, norDoAnyProxiesSupportThis",
		}),
	},
	{
		section: "3.3.6",
		name: "invut",
		accepted: "INVITE",
		message: request(
			"INVITE sip:user@example.com SIP/2.0",
			{ "Content-Type": "application/unknownformat" },
			"<audio>\r\n <pcmu port='443'/>\r\n</audio>\r\n",
		),
	},
	{
		section: "3.3.7",
		name: "regaut01",
		accepted: "REGISTER",
		message: request("REGISTER sip:example.com SIP/2.0", {
			Authorization: "NoOneKnowsThisScheme opaque-data=here",
		}),
	},
	{
		section: "3.3.8",
		name: "multi01",
		code: "header-repeated",
		answer: 400,
		message: message(
			"INVITE sip:user@company.example SIP/2.0",
			"Contact: <sip:caller@host25.example.net>",
			"Via: SIP/2.0/UDP 192.0.2.25;branch=z9hG4bKkdjuw",
			"Max-Forwards: 70",
			"CSeq: 5 INVITE",
			"Call-ID: multi01.98asdh@192.0.2.1",
			"CSeq: 59 INVITE",
			"Call-ID: multi01.98asdh@192.0.2.2",
			"From: sip:caller@example.com;tag=3413415",
			"To: sip:user@example.com",
			"To: sip:other@example.net",
			"From: sip:caller@example.net;tag=2923420123",
			"Contact: <sip:caller@host36.example.net>",
			"Max-Forwards: 5",
			"Content-Length: 0",
		),
	},
	{
		section: "3.3.9",
		name: "mcl01",
		code: "header-repeated",
		answer: 400,
		message: `${message(
			"OPTIONS sip:user@example.com SIP/2.0",
			"Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bK293423",
			"To: sip:user@example.com",
			"From: sip:other@example.net;tag=3923942",
			"Call-ID: mcl01.fhn2323orihawfdoa3o4r52o3irsdf",
			"CSeq: 15932 OPTIONS",
			"Content-Length: 13",
			"Max-Forwards: 60",
			"Content-Length: 5",
			"Content-Type: text/plain",
		)}How many octets are these?\r\n`,
	},
	{
		section: "3.3.10",
		name: "bcast",
		accepted: 200,
		message: response("SIP/2.0 200 OK", {
			Via: "SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923, SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23",
		}),
	},
	{
		section: "3.3.11",
		name: "zeromf",
		accepted: "OPTIONS",
		message: request("OPTIONS sip:user@example.com SIP/2.0", {
			"Max-Forwards": "0",
		}),
	},
	{
		section: "3.3.12",
		name: "cparam01",
		accepted: "REGISTER",
		message: request("REGISTER sip:example.com SIP/2.0", {
			Contact: "sip:+19725552222@gw1.example.net;unknownparam",
		}),
	},
	{
		section: "3.3.13",
		name: "cparam02",
		accepted: "REGISTER",
		message: request("REGISTER sip:example.com SIP/2.0", {
			Contact: "<sip:+19725552222@gw1.example.net;unknownparam>",
		}),
	},
	{
		section: "3.3.14",
		name: "regescrt",
		accepted: "REGISTER",
		message: request("REGISTER sip:example.com SIP/2.0", {
			Contact: "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>",
		}),
	},
	{
		section: "3.3.15",
		name: "sdp01",
		accepted: "INVITE",
		message: request(
			"INVITE sip:user@example.com SIP/2.0",
			{ Accept: "text/nobodyKnowsThis", "Content-Type": "application/sdp" },
			description,
		),
	},
	{
		section: "3.4.1",
		name: "inv2543",
		accepted: "INVITE",
		message: message(
			"INVITE sip:UserB@example.com SIP/2.0",
			"Via: SIP/2.0/UDP iftgw.example.com",
			"From: <sip:+13035551111@ift.client.example.net;user=phone>",
			"Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>",
			"To: sip:+16505552222@ss1.example.net;user=phone",
			"Call-ID: inv2543.1717@ift.client.example.com",
			"CSeq: 56 INVITE",
			"Content-Type: application/sdp",
			"Contact: <sip:UserA@ift.client.example.net>",
		),
	},
];
