/**
 * A profile server that means no good: it takes every subscription, and then sends
 * what it is told to, or nothing at all. Stands in the place of the real one.
 */
import { nodeHost } from "../../hosts/node/natives.js";
import type { Address } from "../../src/port.js";
import { Dialog, newTag } from "../../src/sip/dialog.js";
import type { Message } from "../../src/sip/message.js";
import { parameter } from "../../src/sip/uri.js";
import type { HeaderField } from "../../src/sip/writer.js";
import {
	EndpointMachine,
	type UserOutput,
} from "../../tools/serve/endpoint-machine.js";
import { silentLog } from "../../tools/serve/log.js";
import { Transport } from "../../tools/serve/transport.js";

export interface Notification {
	readonly body?: string | Uint8Array;
	/** A profile's, unless told. */
	readonly contentType?: string;
	/** In place of Event and Subscription-State. */
	readonly headers?: readonly HeaderField[];
	/** In place of the dialog's Call-ID. */
	readonly callId?: string;
	/** In place of the next. */
	readonly cseq?: number;
}

const PROFILE = "application/vnd.hookswitch.profile+xml";

export class HostileServer extends EndpointMachine {
	/** Profile types whose subscribers get a 200 and then never hear of it again. */
	readonly #silent: readonly string[];
	readonly #dialogs = new Map<string, Dialog>();
	#asking: (type: string) => void = () => {};
	readonly #answers: ((status: number) => void)[] = [];
	readonly #transport: Transport;
	readonly #phone: Address;

	private constructor(phone: Address, silent: readonly string[]) {
		super(nodeHost(), { log: silentLog });
		this.#phone = phone;
		this.#silent = silent;
		this.#transport = new Transport(this);
	}

	static async start(
		at: Address,
		phone: Address,
		silent: readonly string[],
	): Promise<HostileServer> {
		const server = new HostileServer(phone, silent);
		const local = await server.#transport.listen(at);
		server.#transport.act((now) => server.started(now, local));
		return server;
	}

	/** The next subscription to this profile type. */
	asked(type: string): Promise<void> {
		return new Promise((resolve) => {
			this.#asking = (asked) => {
				if (asked === type) resolve();
			};
		});
	}

	stop(): Promise<void> {
		return this.#transport.close();
	}

	/** Tells the subscriber of this profile type; gives its answer's status, 0 when there is none. */
	notify(type: string, notification: Notification = {}): Promise<number> {
		return new Promise((resolve) =>
			this.#transport.act((now) =>
				this.#send(now, type, notification, resolve),
			),
		);
	}

	protected override handle(now: number, output: UserOutput): void {
		switch (output.kind) {
			case "request":
				this.#asked(now, output.transaction, output.message);
				break;
			case "response":
				if (output.message.status >= 200)
					this.#answers[output.owner]?.(output.message.status);
				break;
			case "failure":
				this.#answers[output.owner]?.(0);
				break;
			default:
				break;
		}
	}

	#asked(now: number, transaction: number, message: Message): void {
		const type =
			parameter(message.event?.parameters ?? [], "profile-type") ?? "";
		if (message.method !== "SUBSCRIBE" || type === "local-network") {
			this.endpoint.respond(now, transaction, { status: 404 });
			return;
		}
		const known = this.#dialogs.get(type);
		const refresh = known?.matches(message) === true;
		const toTag = refresh ? known.localTag : newTag(this.host);
		if (!refresh) this.#dialogs.set(type, Dialog.fromRequest(message, toTag));
		this.endpoint.respond(now, transaction, {
			status: 200,
			toTag,
			contact: `<${this.endpoint.contactUri("", "udp")}>`,
			headers: [["Expires", "3600"]],
		});
		this.#asking(type);
		if (!this.#silent.includes(type)) this.#send(now, type, {}, () => {});
	}

	#send(
		now: number,
		type: string,
		notification: Notification,
		answered: (status: number) => void,
	): void {
		const dialog = this.#dialogs.get(type);
		if (dialog === undefined) throw new Error(`no subscription to ${type}`);
		const request = dialog.request("NOTIFY");
		const { body, callId, cseq } = notification;
		const owner = this.#answers.push(answered) - 1;
		this.endpoint.request(
			now,
			{
				...request,
				callId: callId ?? request.callId,
				cseq: cseq ?? request.cseq,
				contact: `<${this.endpoint.contactUri("", "udp")}>`,
				headers: notification.headers ?? [
					["Event", `ua-profile;profile-type=${type}`],
					["Subscription-State", "active;expires=3600"],
				],
				...(body === undefined
					? {}
					: {
							contentType: notification.contentType ?? PROFILE,
							body: typeof body === "string" ? this.host.encode(body) : body,
						}),
			},
			{ transport: "udp", address: this.#phone },
			owner,
		);
	}
}
