/** Settings tables: call behaviour, keys, and what holds before an access list. Design §3 and §4. */
import {
	boolean,
	choice,
	identifier,
	integer,
	section,
	text,
	tokens,
	uri,
} from "./field.js";

const CALLEE = Object.freeze(["sip", "sips", "tel"]);

export const CALL = section(
	"call",
	"call",
	"What the phone does with calls.",
	{
		doNotDisturb: boolean(
			"do-not-disturb",
			false,
			"Turn calls away with 486 (Busy Here).",
		),
		waiting: boolean(
			"waiting",
			true,
			"Let a second call ring while one is up.",
		),
		autoAnswer: choice(
			"auto-answer",
			"never",
			["never", "asked", "always"],
			"Answer without a hand: never, when the caller asks for it (Alert-Info, Answer-Mode), or always.",
		),
		autoAnswerDelay: integer(
			"auto-answer-delay",
			0,
			0,
			60000,
			"Milliseconds of ringing before an automatic answer.",
		),
		ringTime: integer(
			"ring-time",
			180,
			5,
			600,
			"Seconds that an unanswered call rings.",
		),
		ringTone: text("ring-tone", "default", "Name of the ring tone."),
		forwardAlways: uri(
			"forward-always",
			CALLEE,
			"Where every call goes; empty for nowhere.",
		),
		forwardBusy: uri(
			"forward-busy",
			CALLEE,
			"Where calls go while the phone is busy.",
		),
		forwardNoAnswer: uri(
			"forward-no-answer",
			CALLEE,
			"Where calls go that nobody answers.",
		),
		noAnswerTime: integer(
			"no-answer-time",
			20,
			1,
			600,
			"Seconds until `forward-no-answer`.",
		),
		dialPlan: text(
			"dial-plan",
			"",
			"Which digits make a complete number, and what they are rewritten to.",
		),
		emergencyNumbers: tokens(
			"emergency-numbers",
			["112", "911", "999"],
			"Numbers that are always dialled, and whose calls back are never blocked.",
		),
		emergencyWindow: integer(
			"emergency-window",
			1800,
			60,
			86400,
			"Seconds after an emergency call in which a call back is never blocked.",
		),
	},
	{ perAccount: true },
);

export const KEY = section(
	"key",
	"keys",
	"A programmable key.",
	{
		number: integer("number", 1, 1, 255, "Which key.", { required: true }),
		type: choice(
			"type",
			"speed-dial",
			["line", "speed-dial", "watch", "transfer", "park", "voicemail", "none"],
			"What it does.",
			{ open: true },
		),
		value: text("value", "", "Whom or what it does it with."),
		label: text("label", "", "What is written beside it."),
		account: identifier("account", "The account it uses.", { least: 0 }),
	},
	{ keys: ["number"], most: 64 },
);

export const ACCESS = section(
	"access",
	"access",
	"What holds until an account's first access list has come.",
	{
		presence: choice(
			"presence",
			"block",
			["allow", "confirm", "polite-block", "block"],
			"Who asks to watch presence.",
		),
		contact: choice(
			"contact",
			"allow",
			["allow", "confirm", "divert", "block"],
			"Who makes contact.",
		),
	},
	{ perAccount: true },
);
