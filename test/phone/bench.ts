/** A telephone without a network, and the requests that scripts give it. */
import type { CallerKey } from "../../src/access/key.js";
import type { AccessList, Decision } from "../../src/access/list.js";
import type { CallOutput } from "../../src/phone/call.js";
import {
	type CallBehaviour,
	Telephone,
	type TelephoneAccount,
	type TelephoneSettings,
} from "../../src/phone/telephone.js";
import { type Message, parseMessage } from "../../src/sip/message.js";
import { parseUriText } from "../../src/sip/uri.js";
import type {
	OutgoingRequest,
	OutgoingResponse,
} from "../../src/sip/writer.js";
import { equal, host, utf8 } from "../portable.js";

export const SERVER = "192.0.2.1";
export const SOURCE = {
	transport: "udp",
	address: { host: SERVER, port: 5060 },
} as const;
export const STRANGER = {
	transport: "udp",
	address: { host: "203.0.113.9", port: 5060 },
} as const;
export const OFFER =
	"v=0\r\no=- 1 1 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";

export const BEHAVIOUR: CallBehaviour = {
	doNotDisturb: false,
	waiting: true,
	autoAnswer: "never",
	autoAnswerDelay: 0,
	ringTime: 180,
	forwardAlways: undefined,
	forwardBusy: undefined,
	forwardNoAnswer: undefined,
	noAnswerTime: 20,
	emergencyNumbers: ["112"],
	emergencyWindow: 1800,
};

/** A list of one rule: what this address may do. */
export function listOf(
	address: string,
	contact: Decision["contact"],
): AccessList {
	return {
		for: "sip:alice@example.com",
		version: "1",
		size: 1,
		decide(
			caller: CallerKey | undefined,
			before: Decision,
			circumstances?: { emergencyCallBack?: boolean },
		) {
			if (circumstances?.emergencyCallBack)
				return { ...before, contact: "allow" };
			return caller?.address === address ? { ...before, contact } : before;
		},
	} as unknown as AccessList;
}

export interface Wanted {
	readonly call?: Partial<CallBehaviour>;
	readonly account?: Partial<TelephoneAccount>;
	readonly settings?: Partial<TelephoneSettings>;
}

/** A telephone without a network: requests go in as text, outputs are kept. */
export class Bench {
	readonly telephone: Telephone;
	now = 0;
	outputs: CallOutput[] = [];
	#transaction = 0;

	constructor(wanted: Wanted = {}) {
		this.telephone = new Telephone(host(), {
			firstOwner: 1000,
			address: () => "192.0.2.9",
			contact: (user, transport) =>
				`sip:${user}@192.0.2.9:5060;transport=${transport}`,
			serves: (address) => address === SERVER,
		});
		this.configure(wanted);
	}

	configure({ call, account, settings }: Wanted): void {
		this.telephone.configure({
			accounts: [
				{
					aor: "sip:alice@example.com",
					uri: parseUriText(host(), "sip:alice@example.com"),
					displayName: "Alice",
					call: { ...BEHAVIOUR, ...call },
					audio: true,
					mostCalls: 2,
					before: { presence: "block", contact: "allow" },
					list: () => listOf("mallory@example.net", "block"),
					voicemail: undefined,
					credentials: { find: () => undefined },
					transport: () => "tcp",
					registrar: () => "sip:reg.example.com",
					route: () => [],
					hasLine: (line) => line === "k7",
					...account,
				},
			],
			codecs: ["PCMA", "PCMU"],
			ptime: 20,
			ports: { first: 10_000, last: 10_003 },
			events: true,
			directCalls: false,
			trustFrom: false,
			...settings,
		});
	}

	drain(): CallOutput[] {
		const drained: CallOutput[] = [];
		for (;;) {
			const output = this.telephone.next();
			if (output === undefined) break;
			drained.push(output);
		}
		this.outputs.push(...drained);
		return drained;
	}

	/** Gives the transaction; the answers are in `outputs`. */
	request(
		text: string,
		source: typeof SOURCE | typeof STRANGER = SOURCE,
	): number {
		const transaction = ++this.#transaction;
		this.telephone.request(
			this.now,
			transaction,
			parseMessage(host(), utf8(text)),
			source,
		);
		this.drain();
		return transaction;
	}

	advance(milliseconds: number): void {
		this.now += milliseconds;
		if (this.telephone.deadline() <= this.now) this.telephone.timeout(this.now);
		this.drain();
	}

	responses(transaction: number): OutgoingResponse[] {
		const found: OutgoingResponse[] = [];
		for (const output of this.outputs)
			if (output.kind === "respond" && output.transaction === transaction)
				found.push(output.response);
		return found;
	}

	statuses(transaction: number): number[] {
		return this.responses(transaction).map((response) => response.status);
	}

	/** The final status of an INVITE like this. */
	refused(message: string, source?: typeof SOURCE | typeof STRANGER): number {
		const statuses = this.statuses(this.request(message, source));
		equal(statuses.length, 1, statuses.join());
		return statuses[0] ?? 0;
	}

	sent(): OutgoingRequest[] {
		const found: OutgoingRequest[] = [];
		for (const output of this.outputs)
			if (output.kind === "send") found.push(output.request);
		return found;
	}

	events(): string[] {
		const found: string[] = [];
		for (const output of this.outputs)
			if (output.kind === "event") found.push(output.code);
		return found;
	}
	event(code: string): Record<string, unknown> | undefined {
		for (const output of this.outputs)
			if (output.kind === "event" && output.code === code) return output.data;
		return undefined;
	}
}

export interface Parts {
	readonly method?: string;
	readonly uri?: string;
	readonly from?: string;
	readonly to?: string;
	readonly headers?: string;
	readonly body?: string;
	readonly cseq?: number;
	readonly contact?: string;
	readonly callId?: string;
}

export function text({
	method = "INVITE",
	uri = "sip:alice@192.0.2.9:5060;line=k7",
	from = "<sip:bob@example.com>;tag=b",
	to = "<sip:alice@example.com>",
	headers = "P-Asserted-Identity: <sip:bob@example.com>\r\n",
	body = OFFER,
	cseq = 1,
	contact = "Contact: <sip:bob@192.0.2.4>\r\n",
	callId = "c1",
}: Parts = {}): string {
	const type = body === "" ? "" : "Content-Type: application/sdp\r\n";
	return `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK${cseq}${method}${callId}\r\nMax-Forwards: 70\r\nFrom: ${from}\r\nTo: ${to}\r\nCall-ID: ${callId}\r\nCSeq: ${cseq} ${method}\r\n${contact}${headers}${type}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** The same inside the dialog that `bench` answered. */
export function inside(
	bench: Bench,
	method: string,
	cseq: number,
	body = "",
): string {
	const tag = bench.responses(1)[0]?.toTag;
	return text({
		method,
		cseq,
		body,
		to: `<sip:alice@example.com>;tag=${tag}`,
	});
}

export function message(content: string): Message {
	return parseMessage(host(), utf8(content));
}
