/** A phone that subscribes and a server that notifies, on a virtual network. */
import type { DeliveryOutput, SendOptions } from "../../src/delivery.js";
import type { NotifierOptions } from "../../src/event/notifier.js";
import { Subscriber } from "../../src/event/subscriber.js";
import type { Message } from "../../src/sip/message.js";
import type { OutgoingResponse } from "../../src/sip/writer.js";
import { Network, type NetworkOptions } from "../flow/network.js";
import { ascii, host } from "../portable.js";
import { ClientNode, NotifyingNode } from "./nodes.js";

export const phone = "192.0.2.1";
export const server = "192.0.2.2";
export const uri = `sip:alice@${server}`;
export const key = `user ${uri}`;

/** A phone with Subscribers; what they learn is written down as text. */
export class Phone extends ClientNode {
	readonly subscribers: Subscriber[] = [];
	readonly learnt: string[] = [];
	readonly notifies: Message[] = [];
	/** In place of the subscriber's own answer to a NOTIFY. */
	answer: ((message: Message) => OutgoingResponse | undefined) | undefined;

	subscribe(now: number, over: object = {}): Subscriber {
		const subscriber = new Subscriber(host(), {
			uri,
			from: "<sip:alice@example.com>",
			to: `<${uri}>`,
			contact: `<${this.endpoint.contactUri("phone", "udp")}>`,
			event: "ua-profile",
			eventParameters: "profile-type=user",
			accept: ["application/vnd.hookswitch.profile+xml"],
			expires: 3600,
			...over,
		});
		this.subscribers.push(subscriber);
		subscriber.subscribe(now);
		return subscriber;
	}

	override handle(now: number, output: DeliveryOutput): void {
		switch (output.kind) {
			case "request": {
				const { message, transaction } = output;
				this.notifies.push(message);
				const subscriber = this.subscribers.find((each) =>
					each.matches(message),
				);
				const response =
					this.answer === undefined
						? (subscriber?.notify(now, message) ?? { status: 481 })
						: this.answer(message);
				if (response !== undefined)
					this.endpoint.respond(now, transaction, response);
				break;
			}
			case "response":
				this.subscribers[output.owner]?.response(now, output.message);
				break;
			case "failure":
				this.subscribers[output.owner]?.failure(now, output.reason);
				break;
			default:
		}
	}

	override more(now: number): boolean {
		for (const [owner, subscriber] of this.subscribers.entries()) {
			const output = subscriber.next();
			if (output === undefined) continue;
			switch (output.kind) {
				case "request":
					this.delivery.send(now, output.request, owner, this.options);
					break;
				case "state":
					this.learnt.push(ascii(output.bytes));
					break;
				case "ended":
					this.learnt.push(`ended ${output.reason} ${output.status}`);
					break;
				default:
					this.learnt.push(output.kind);
			}
			return true;
		}
		return false;
	}
	options: SendOptions = {};

	override moreDeadline(): number {
		return Math.min(...this.subscribers.map((each) => each.deadline()));
	}
	override moreTimeout(now: number): void {
		for (const each of this.subscribers) each.timeout(now);
	}
}

export function scene(
	network: NetworkOptions = {},
	options: Partial<NotifierOptions> = {},
) {
	const net = new Network(network);
	const node = new Phone(phone);
	const peer = new NotifyingNode(server, options);
	peer.set(0, key, "<one/>");
	net.add(phone, node);
	net.add(server, peer);
	const subscribe = (over: object = {}) => {
		const subscriber = node.subscribe(net.now, over);
		net.run(net.now + 1000);
		return subscriber;
	};
	const set = (text: string) => {
		peer.set(net.now, key, text);
		net.drain(server);
	};
	/** A new process with what the old one had stored. */
	const restart = () => {
		net.remove(server);
		const next = new NotifyingNode(server, options);
		for (const [name, state] of peer.documents) next.documents.set(name, state);
		return {
			peer: next,
			up: () => {
				for (const record of peer.kept.values())
					next.notifier.restore(net.now, JSON.parse(JSON.stringify(record)));
				net.add(server, next);
			},
		};
	};
	return { net, node, peer, subscribe, set, restart };
}
