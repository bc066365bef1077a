/**
 * A scripted caller: one INVITE through a proxy, ACK, BYE, and what came of it. The
 * simulator's stranger and friend. Sends no audio.
 */
import type { DigestAlgorithm, Host } from "../../src/host.js";
import type { Address } from "../../src/port.js";
import { AuthenticationState, answer } from "../../src/sip/authentication.js";
import { Dialog, newCallId, newTag } from "../../src/sip/dialog.js";
import type { Message } from "../../src/sip/message.js";
import type { OutgoingRequest } from "../../src/sip/writer.js";
import { EndpointMachine, type UserOutput } from "../serve/endpoint-machine.js";
import { type Log, silentLog } from "../serve/log.js";
import { Transport } from "../serve/transport.js";

export interface CallOptions {
	readonly host: Host;
	/** AoRs: `sip:bob@example.com`. */
	readonly from: string;
	readonly to: string;
	/** Answers the proxy's challenge; without it a challenge is the call's result. */
	readonly credentials?: { readonly user: string; readonly password: string };
	/** Where the INVITE is sent. */
	readonly proxy: Address;
	readonly transport?: "udp" | "tcp";
	/** Own address; port 0: one that is free. */
	readonly listen?: Address;
	/** Milliseconds from the answer to our BYE. Default 0. */
	readonly hold?: number;
	/** Milliseconds until the call is given up (CANCEL). Default 10,000. */
	readonly patience?: number;
	/** Headers to try to get past the proxy with: `["P-Asserted-Identity", "<sip:…>"]`. */
	readonly headers?: readonly (readonly [string, string])[];
	readonly maxForwards?: number;
	readonly log?: Log;
	readonly trace?: boolean;
}

export interface CallResult {
	/** Final status of the INVITE; 408 when nothing came. */
	readonly status: number;
	readonly reason: string;
	/** Provisional statuses in order. */
	readonly provisional: readonly number[];
	/** Milliseconds from the first INVITE to the final response. */
	readonly milliseconds: number;
	/** The callee's session description. */
	readonly answer: string;
	/** Final status of our BYE; undefined: the callee hung up first, or there was no call. */
	readonly bye: number | undefined;
}

/** Calls, waits for the final response, ends the call, gives the result. Rejects only when it cannot open its socket. */
export async function placeCall(options: CallOptions): Promise<CallResult> {
	let finish: (result: CallResult) => void = () => {};
	const finished = new Promise<CallResult>((done) => {
		finish = done;
	});
	const caller = new Caller(options, finish);
	const transport = new Transport(caller);
	const local = await transport.listen(
		options.listen ?? { host: "127.0.0.1", port: 0 },
	);
	transport.act((now) => {
		caller.started(now, local);
		caller.call(now);
	});
	const result = await finished;
	await transport.close();
	return result;
}

const owners = { invite: 1, bye: 2 };

class Caller extends EndpointMachine {
	readonly #options: CallOptions;
	readonly #finish: (result: CallResult) => void;
	readonly #authentication = new AuthenticationState();
	readonly #provisional: number[] = [];
	#invite: OutgoingRequest | undefined;
	#transaction = 0;
	#dialog: Dialog | undefined;
	#begun = 0;
	#giveUpAt = Number.POSITIVE_INFINITY;
	#hangUpAt = Number.POSITIVE_INFINITY;
	#outcome: Omit<CallResult, "bye"> | undefined;

	constructor(options: CallOptions, finish: (result: CallResult) => void) {
		super(options.host, {
			log: options.log ?? silentLog,
			trace: options.trace ?? false,
			userAgent: "hookswitch-caller",
		});
		this.#options = options;
		this.#finish = finish;
	}

	call(now: number): void {
		const { from, to, transport = "udp", patience = 10_000 } = this.#options;
		const user = /^sips?:([^@;?]*)@/.exec(from)?.[1] ?? "caller";
		this.#begun = now;
		this.#giveUpAt = now + patience;
		this.#invite = {
			method: "INVITE",
			uri: to,
			route: [],
			from: `<${from}>;tag=${newTag(this.host)}`,
			to: `<${to}>`,
			callId: newCallId(this.host),
			cseq: 1,
			contact: `<${this.endpoint.contactUri(user, transport)}>`,
			headers: [
				["Allow", "INVITE, ACK, CANCEL, BYE"],
				...(this.#options.headers ?? []),
			],
			maxForwards: this.#options.maxForwards,
			contentType: "application/sdp",
			body: this.host.encode(offer(this.local)),
		};
		this.#send(now);
	}

	protected override ownDeadline(): number {
		return Math.min(this.#giveUpAt, this.#hangUpAt);
	}

	protected override elapsed(now: number): void {
		if (this.#hangUpAt <= now) {
			this.#hangUpAt = Number.POSITIVE_INFINITY;
			this.#hangUp(now);
		}
		if (this.#giveUpAt > now) return;
		this.#giveUpAt = Number.POSITIVE_INFINITY;
		if (this.#outcome !== undefined) this.#done(undefined);
		else {
			this.endpoint.cancel(now, this.#transaction);
			// Somebody who doesn't answer the CANCEL either is given another second.
			this.#outcome = this.#result(now, 408, "Request Timeout", "");
			this.#giveUpAt = now + 1000;
		}
	}

	protected override handle(now: number, output: UserOutput): void {
		switch (output.kind) {
			case "response":
				if (output.owner === owners.bye) {
					if (output.message.status >= 200) this.#done(output.message.status);
				} else this.#answered(now, output.message);
				break;
			case "failure":
				if (output.owner === owners.bye) this.#done(408);
				else
					this.#end(
						now,
						output.reason === "timeout" ? 408 : 503,
						`No Answer (${output.reason})`,
					);
				break;
			case "request":
				this.#asked(now, output.transaction, output.message);
				break;
			default:
				break;
		}
	}

	#asked(now: number, transaction: number, message: Message): void {
		const mine = this.#dialog?.matches(message) === true;
		if (message.method !== "BYE" || !mine) {
			const status = message.method === "OPTIONS" ? 200 : mine ? 501 : 481;
			this.endpoint.respond(now, transaction, { status });
			return;
		}
		this.endpoint.respond(now, transaction, { status: 200 });
		this.#hangUpAt = Number.POSITIVE_INFINITY;
		this.#done(undefined);
	}

	#answered(now: number, message: Message): void {
		const invite = this.#invite;
		const { status } = message;
		if (invite === undefined) return;
		if (status < 200) {
			this.#provisional.push(status);
			return;
		}
		if (status === 401 || status === 407) {
			const headers = answer(this.host, invite, message, this.#authentication);
			if (headers !== undefined) {
				const names = headers.map(([name]) => name);
				invite.headers = [
					...invite.headers.filter(([name]) => !names.includes(name)),
					...headers,
				];
				invite.cseq++;
				this.#send(now);
				return;
			}
		}
		if (status >= 300) {
			this.#end(now, status, message.reason);
			return;
		}
		const { body } = message;
		this.#dialog = Dialog.fromPeer(invite, message);
		this.endpoint.acknowledge(
			now,
			this.#transaction,
			this.#dialog.acknowledgement(invite.cseq),
			this.#target,
		);
		// Unless we had given up: then this answer came too late, and is hung up on.
		this.#outcome ??= this.#result(
			now,
			status,
			message.reason,
			this.host.text(body, 0, body.length),
		);
		this.#hangUpAt = now + (this.#options.hold ?? 0);
		this.#giveUpAt = this.#hangUpAt + 5000;
	}

	#hangUp(now: number): void {
		const bye = this.#dialog?.request("BYE");
		if (bye !== undefined)
			this.endpoint.request(now, bye, this.#target, owners.bye);
	}

	/** Everything goes through the proxy: it has recorded its route. */
	get #target() {
		const { proxy: address, transport = "udp" } = this.#options;
		return { transport, address } as const;
	}

	#send(now: number): void {
		const invite = this.#invite;
		const { credentials } = this.#options;
		if (invite === undefined) return;
		if (credentials !== undefined)
			invite.credentials = {
				find: (_realm: string, _algorithm: DigestAlgorithm) => credentials,
			};
		this.#transaction = this.endpoint.request(
			now,
			{ ...invite },
			this.#target,
			owners.invite,
		);
	}

	#result(now: number, status: number, reason: string, answer: string) {
		return {
			status,
			reason,
			provisional: this.#provisional,
			milliseconds: now - this.#begun,
			answer,
		};
	}

	#end(now: number, status: number, reason: string): void {
		this.#outcome ??= this.#result(now, status, reason, "");
		this.#done(undefined);
	}

	#done(bye: number | undefined): void {
		const outcome = this.#outcome;
		this.#giveUpAt = Number.POSITIVE_INFINITY;
		if (outcome !== undefined) this.#finish({ ...outcome, bye });
	}
}

function offer({ host, port }: Address): string {
	const family = host.includes(":") ? "IP6" : "IP4";
	return [
		"v=0",
		`o=- 1 1 IN ${family} ${host}`,
		"s=-",
		`c=IN ${family} ${host}`,
		"t=0 0",
		// Nothing is sent or heard there: the port next to ours is as good as any.
		`m=audio ${(port + 2) & 0xfffe} RTP/AVP 8 0 101`,
		"a=rtpmap:101 telephone-event/8000",
		"a=fmtp:101 0-15",
		"a=sendrecv",
		"",
	].join("\r\n");
}
