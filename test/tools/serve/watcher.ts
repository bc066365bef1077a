/** A subscriber for tests: subscribes as it is told, answers each NOTIFY, remembers them. */
import { nodeHost } from "../../../hosts/node/natives.js";
import type { Address } from "../../../src/port.js";
import {
	AuthenticationState,
	answer,
	type CredentialSource,
} from "../../../src/sip/authentication.js";
import { newCallId, newTag } from "../../../src/sip/dialog.js";
import { Header } from "../../../src/sip/header.js";
import type { Message } from "../../../src/sip/message.js";
import type { OutgoingRequest } from "../../../src/sip/writer.js";
import {
	EndpointMachine,
	type UserOutput,
} from "../../../tools/serve/endpoint-machine.js";
import { silentLog } from "../../../tools/serve/log.js";
import { Transport } from "../../../tools/serve/transport.js";

export const host = nodeHost();

export interface Notification {
	readonly state: string;
	readonly reason: string | undefined;
	readonly type: string | undefined;
	readonly etag: string | undefined;
	readonly body: string;
	readonly cseq: number;
	readonly at: number;
}

export interface Subscription {
	/** Request-URI. */
	readonly uri: string;
	/** Value of profile-type; undefined: none. */
	readonly profile?: string | undefined;
	readonly expires?: number;
	readonly credentials?: CredentialSource | undefined;
	readonly changes?: Partial<OutgoingRequest>;
	readonly transport?: "udp" | "tcp";
}

const accept = [
	"application/vnd.hookswitch.profile+xml",
	"application/vnd.hookswitch.access+xml",
].join(", ");

export class Watcher extends EndpointMachine {
	readonly server: Address;
	readonly #transport: Transport;
	readonly #notifications: Notification[] = [];
	readonly #waiting: ((notification: Notification) => void)[] = [];
	readonly #requests = new Map<
		number,
		{
			request: OutgoingRequest;
			transport: "udp" | "tcp";
			state: AuthenticationState;
			settled: (response: Message | undefined) => void;
		}
	>();
	#lastOwner = 0;

	constructor(server: Address) {
		super(host, { log: silentLog });
		this.server = server;
		this.#transport = new Transport(this);
	}

	async start(): Promise<void> {
		const local = await this.#transport.listen({ host: "127.0.0.1", port: 0 });
		this.#transport.act((now) => this.started(now, local));
	}

	stop(): Promise<void> {
		return this.#transport.close();
	}

	/** The final response. */
	subscribe({
		uri,
		profile,
		expires = 3600,
		credentials,
		changes = {},
		transport = "udp",
	}: Subscription): Promise<Message | undefined> {
		const type = profile === undefined ? "" : `;profile-type=${profile}`;
		return this.send(
			{
				method: "SUBSCRIBE",
				uri,
				route: [],
				from: `<sip:anonymous@anonymous.invalid>;tag=${newTag(host)}`,
				to: `<${uri}>`,
				callId: newCallId(host),
				cseq: 1,
				contact: `<${this.endpoint.contactUri("phone", transport)}>`,
				headers: [
					[
						"Event",
						`ua-profile${type};vendor="example.com";model="test";version="1"`,
					],
					["Accept", accept],
					["Expires", String(expires)],
				],
				credentials,
				...changes,
			},
			transport,
		);
	}

	send(
		request: OutgoingRequest,
		transport: "udp" | "tcp" = "udp",
	): Promise<Message | undefined> {
		return new Promise((settled) => {
			this.#lastOwner += 1;
			const owner = this.#lastOwner;
			this.#requests.set(owner, {
				request,
				transport,
				state: new AuthenticationState(),
				settled,
			});
			this.#transport.act((now) => this.#request(now, owner));
		});
	}

	/** The oldest NOTIFY that was not asked for before. */
	notification(): Promise<Notification> {
		const first = this.#notifications.shift();
		return first === undefined
			? new Promise((done) => this.#waiting.push(done))
			: Promise.resolve(first);
	}

	/** The next with such a body; those before it are dropped. */
	async notificationWith(body: RegExp): Promise<Notification> {
		for (;;) {
			const notification = await this.notification();
			if (body.test(notification.body)) return notification;
		}
	}

	/** NOTIFYs that nobody asked for. */
	get unread(): number {
		return this.#notifications.length;
	}

	protected override handle(now: number, output: UserOutput): void {
		switch (output.kind) {
			case "request":
				this.endpoint.respond(now, output.transaction, {
					status: output.message.method === "NOTIFY" ? 200 : 405,
				});
				if (output.message.method === "NOTIFY") this.#notified(output.message);
				break;
			case "response":
				this.#response(now, output.owner, output.message);
				break;
			case "failure":
				this.#requests.get(output.owner)?.settled(undefined);
				break;
			default:
				break;
		}
	}

	#request(now: number, owner: number): void {
		const sent = this.#requests.get(owner);
		if (sent === undefined) return;
		const { request, transport } = sent;
		const target = { transport, address: this.server };
		this.endpoint.request(now, { ...request }, target, owner);
	}

	#response(now: number, owner: number, message: Message): void {
		const sent = this.#requests.get(owner);
		if (sent === undefined || message.status < 200) return;
		if (message.status === 401) {
			const headers = answer(host, sent.request, message, sent.state);
			if (headers !== undefined) {
				sent.request.headers = [...sent.request.headers, ...headers];
				sent.request.cseq += 1;
				this.#request(now, owner);
				return;
			}
		}
		this.#requests.delete(owner);
		sent.settled(message);
	}

	#notified(message: Message): void {
		const { subscriptionState, contentType, body } = message;
		const notification: Notification = {
			state: subscriptionState?.state ?? "",
			reason: subscriptionState?.reason,
			type: contentType?.type,
			etag: message.header(Header.SipEtag),
			body: host.text(body, 0, body.length),
			cseq: message.cseq.number,
			at: performance.now(),
		};
		const waiting = this.#waiting.shift();
		if (waiting === undefined) this.#notifications.push(notification);
		else waiting(notification);
	}
}
