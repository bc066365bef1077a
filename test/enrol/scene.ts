/** The scene of the enrolment specs: a phone that enrols, a profile server, and a name server, on a virtual network. */
import type { DeliveryOutput } from "../../src/delivery.js";
import {
	Enrolment,
	type EnrolmentOptions,
	type EnrolmentOutput,
} from "../../src/enrol/enrolment.js";
import type { Message } from "../../src/sip/message.js";
import { answer, type Entry, question } from "../dns/packet.js";
import { ClientNode, NotifyingNode } from "../event/nodes.js";
import { Network, type NetworkOptions } from "../flow/network.js";
import { ascii, host, ok, utf8 } from "../portable.js";
import { lease } from "./lease.js";

export const phone = "192.0.2.1";
export const server = "192.0.2.2";
export const names = "192.0.2.53";
export const instance = "urn:uuid:00000000-0000-1000-8000-00ff8d82edcb";
export const own = "urn%3auuid%3a00000000-0000-1000-8000-00ff8d82edcb";
export const alice = "sip:alice@example.com";
export const deviceKey = `device sip:${own}@${server}`;
export const domain = { 15: utf8("local.example") };
export const zone: readonly Entry[] = [
	{ name: "_sipuaconfig.local.example", data: ["A", server] },
];

/** A phone that enrols, and does with documents what a script says. */
export class Phone extends ClientNode {
	readonly enrolment: Enrolment;
	readonly log: string[] = [];
	readonly outputs: EnrolmentOutput[] = [];
	/** What is done with a document before the verdict. */
	apply: (now: number, profile: string, text: string) => void = () => {};

	constructor(options: Partial<EnrolmentOptions>) {
		super(phone);
		this.resolver.setServers(0, [{ host: names, port: 53 }]);
		this.enrolment = new Enrolment(host(), {
			instance,
			vendor: 'Hook"switch',
			model: "QEMU",
			version: "1.0",
			firstOwner: 100,
			...options,
		});
	}

	override handle(now: number, output: DeliveryOutput): void {
		switch (output.kind) {
			case "request": {
				const { message, transaction } = output;
				const response =
					message.method === "NOTIFY"
						? this.enrolment.notify(now, message)
						: { status: 405 };
				if (message.method === "NOTIFY" && response.status !== 200)
					this.log.push(`NOTIFY ${response.status}`);
				this.endpoint.respond(now, transaction, response);
				break;
			}
			case "response":
				ok(this.enrolment.owns(output.owner));
				this.enrolment.response(now, output.owner, output.message);
				break;
			case "failure":
				this.enrolment.failure(now, output.owner, output.reason);
				break;
			default:
		}
	}

	override more(now: number): boolean {
		const output = this.enrolment.next();
		if (output === undefined) return false;
		this.outputs.push(output);
		switch (output.kind) {
			case "request":
				this.delivery.send(now, output.request, output.owner, {
					secureOnly: output.secureOnly,
				});
				break;
			case "document": {
				const text = ascii(output.bytes);
				this.log.push(`${output.profile} ${text}`);
				this.apply(now, output.profile, text);
				this.enrolment.verdict(now, output.profile, output.for);
				break;
			}
			case "none":
				this.log.push(
					`${output.profile} ${output.absent ? "absent" : "unchanged"}`,
				);
				break;
			case "event":
				this.log.push(
					`${output.code} ${output.data.profile ?? output.data.source}${output.data.reason === undefined ? "" : ` ${output.data.reason}`}`,
				);
				break;
			default:
		}
		return true;
	}
	override moreDeadline(): number {
		return this.enrolment.deadline();
	}
	override moreTimeout(now: number): void {
		this.enrolment.timeout(now);
	}
}

export function scene({
	network = {},
	options = {},
	server: serverOptions = {},
	records = zone,
}: {
	network?: NetworkOptions;
	options?: Partial<EnrolmentOptions>;
	server?: object;
	records?: readonly Entry[];
} = {}) {
	const net = new Network(network);
	const node = new Phone(options);
	const peer = new NotifyingNode(server, serverOptions);
	net.add(phone, node);
	net.add(server, peer);
	let queries = 0;
	net.serve(names, 53, (query) => {
		queries += 1;
		const { name, type } = question(query);
		const answers = records.filter(
			(each) => each.name === name && each.data[0] === type,
		);
		const known = records.some((each) => each.name === name);
		return answer(query, { answers, code: known ? 0 : 3 });
	});
	node.apply = (now, profile) => {
		if (profile !== "device") return;
		node.enrolment.setUsers(now, [{ aor: alice }]);
		node.enrolment.setAccessLists(now, [{ aor: alice }]);
	};
	const up = (dhcp: Readonly<Record<number, Uint8Array>> = {}) => {
		node.enrolment.network(
			net.now,
			lease(dhcp),
			node.endpoint.contactUri("phone", "udp"),
		);
		net.drain(phone);
	};
	/** Profile type of each SUBSCRIBE that arrived. */
	const subscribed = (at: { subscribes: Message[] } = peer) =>
		at.subscribes.map(
			({ event }) =>
				event?.parameters.find(({ name }) => name === "profile-type")?.value ??
				"bare",
		);
	peer.documents.set(deviceKey, {
		type: "application/vnd.hookswitch.profile+xml",
		bytes: utf8("<d1/>"),
		etag: "d1",
	});
	return { net, node, peer, up, subscribed, queries: () => queries };
}

export const factory = { factoryServers: [`sip:${server}`] };
