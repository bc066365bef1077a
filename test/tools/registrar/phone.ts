/** A phone for tests: registers, answers calls as it is told, remembers what it got. */
import { nodeHost } from "../../../hosts/node/natives.js";
import type { Address } from "../../../src/port.js";
import {
	AuthenticationState,
	answer,
} from "../../../src/sip/authentication.js";
import { Dialog, newCallId, newTag } from "../../../src/sip/dialog.js";
import type { Message } from "../../../src/sip/message.js";
import type { OutgoingRequest } from "../../../src/sip/writer.js";
import {
	EndpointMachine,
	type UserOutput,
} from "../../../tools/serve/endpoint-machine.js";
import { silentLog } from "../../../tools/serve/log.js";
import { Transport } from "../../../tools/serve/transport.js";

export const host = nodeHost();

export interface PhoneOptions {
	readonly name: string;
	readonly password: string;
	readonly domain: string;
	readonly registrar: Address;
	readonly transport?: "udp" | "tcp";
	/** Final status for INVITE; 0: ring for ever. */
	readonly answers?: number;
	readonly listen?: string;
}

export class TestPhone extends EndpointMachine {
	readonly options: PhoneOptions;
	readonly requests: Message[] = [];
	readonly #transport: Transport;
	readonly #ringing: number[] = [];
	#dialog: Dialog | undefined;
	#registration: OutgoingRequest;
	#authentication = new AuthenticationState();
	#settled: ((response: Message | undefined) => void) | undefined;
	#arrived: (() => void)[] = [];

	constructor(options: PhoneOptions) {
		super(host, { log: silentLog });
		this.options = options;
		const { name, domain, password } = options;
		this.#registration = {
			method: "REGISTER",
			uri: `sip:${domain}`,
			route: [],
			from: `<sip:${name}@${domain}>;tag=${newTag(host)}`,
			to: `<sip:${name}@${domain}>`,
			callId: newCallId(host),
			cseq: 0,
			headers: [],
			credentials: { find: () => ({ user: name, password }) },
		};
		this.#transport = new Transport(this);
	}

	async start(): Promise<void> {
		const local = await this.#transport.listen({
			host: this.options.listen ?? "127.0.0.1",
			port: 0,
		});
		this.#transport.act((now) => this.started(now, local));
	}

	stop(): Promise<void> {
		return this.#transport.close();
	}

	/** The final response; undefined when none came. */
	register(
		expires: number,
		changes: Partial<OutgoingRequest> = {},
	): Promise<Message | undefined> {
		this.#authentication = new AuthenticationState();
		const { name, transport = "udp" } = this.options;
		return new Promise((done) => {
			this.#settled = done;
			this.#transport.act((now) => {
				this.#registration = {
					...this.#registration,
					contact: `<${this.endpoint.contactUri(name, transport)}>`,
					headers: [["Expires", String(expires)]],
					...changes,
				};
				this.#send(now);
			});
		});
	}

	/** Resolves when a request with this method has come. */
	async got(method: string): Promise<Message> {
		for (;;) {
			const found = this.requests.find((each) => each.method === method);
			if (found !== undefined) return found;
			await new Promise<void>((done) => this.#arrived.push(done));
		}
	}

	hangUp(): void {
		const bye = this.#dialog?.request("BYE");
		const { transport = "udp", registrar } = this.options;
		if (bye !== undefined)
			this.#transport.act((now) => {
				this.endpoint.request(now, bye, { transport, address: registrar }, 2);
			});
	}

	protected override handle(now: number, output: UserOutput): void {
		switch (output.kind) {
			case "response":
				if (output.owner === 1) this.#registered(now, output.message);
				break;
			case "failure":
				this.#settled?.(undefined);
				break;
			case "acknowledge":
				this.#note(output.message);
				break;
			case "cancelled":
				this.endpoint.respond(now, output.transaction, { status: 487 });
				break;
			case "request":
				this.#note(output.message);
				this.#asked(now, output.transaction, output.message);
				break;
		}
	}

	#note(message: Message): void {
		this.requests.push(message);
		for (const wake of this.#arrived.splice(0)) wake();
	}

	#asked(now: number, transaction: number, message: Message): void {
		const { answers = 200, name, transport = "udp" } = this.options;
		if (message.method !== "INVITE") {
			this.endpoint.respond(now, transaction, { status: 200 });
			return;
		}
		const toTag = newTag(host);
		this.#ringing.push(transaction);
		this.endpoint.respond(now, transaction, { status: 180, toTag });
		if (answers === 0) return;
		if (answers === 200) this.#dialog = Dialog.fromRequest(message, toTag);
		this.endpoint.respond(now, transaction, {
			status: answers,
			toTag,
			contact: `<${this.endpoint.contactUri(name, transport)}>`,
			contentType: "application/sdp",
			body: host.encode("v=0\r\n"),
		});
	}

	#send(now: number): void {
		const { registrar: address, transport = "udp" } = this.options;
		this.#registration.cseq += 1;
		this.endpoint.request(
			now,
			{ ...this.#registration },
			{ transport, address },
			1,
		);
	}

	#registered(now: number, message: Message): void {
		if (message.status < 200) return;
		if (message.status === 401) {
			const headers = answer(
				host,
				this.#registration,
				message,
				this.#authentication,
			);
			if (headers !== undefined) {
				this.#registration.headers = [
					...this.#registration.headers,
					...headers,
				];
				this.#send(now);
				return;
			}
		}
		this.#settled?.(message);
	}
}
