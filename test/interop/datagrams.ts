/** Bytes to the phone as they are, and what comes back: neither is SIP of ours. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Address } from "../../src/port.js";

/** A provisioned server's address would be trusted; this one is nobody's. */
export const NOBODY = "127.0.0.9";

let count = 0;

/** A request with all that it needs, from `host`, with these lines more. */
export function request(
	method = "OPTIONS",
	lines: readonly string[] = [],
	{ host = NOBODY, port = 5099, transport = "UDP", to = "", body = "" } = {},
): string {
	const id = `${process.pid}-${++count}`;
	return [
		`${method} sip:alice@example.com SIP/2.0`,
		`Via: SIP/2.0/${transport} ${host}:${port};branch=z9hG4bK-${id};rport`,
		"Max-Forwards: 70",
		`From: <sip:nobody@example.net>;tag=${id}`,
		`To: <sip:alice@example.com>${to}`,
		`Call-ID: ${id}@${host}`,
		`CSeq: 1 ${method}`,
		`Contact: <sip:nobody@${host}:${port}>`,
		...lines,
		`Content-Length: ${Buffer.byteLength(body)}`,
		"",
		body,
	].join("\r\n");
}

/** Sends a datagram and gives the first answer; "" when there is none within `patience` ms. */
export async function ask(
	to: Address,
	bytes: string | Uint8Array = request(),
	{ from = NOBODY, patience = 2000 } = {},
): Promise<string> {
	const socket = createSocket("udp4");
	try {
		socket.bind(0, from);
		await once(socket, "listening");
		const answer = new Promise<string>((resolve) => {
			socket.once("message", (message) => resolve(message.toString("latin1")));
			setTimeout(() => resolve(""), patience).unref();
		});
		await new Promise<void>((resolve, reject) =>
			socket.send(bytes, to.port, to.host, (error) =>
				error ? reject(error) : resolve(),
			),
		);
		return await answer;
	} finally {
		socket.close();
	}
}

/** A connection to the phone, and what it says. */
export class Line {
	readonly #socket: Socket;
	received = "";
	closed = false;
	#wake: () => void = () => {};

	private constructor(socket: Socket) {
		this.#socket = socket;
		socket.setNoDelay(true);
		socket.on("data", (bytes) => {
			this.received += bytes.toString("latin1");
			this.#wake();
		});
		socket.on("error", () => {});
		socket.on("close", () => {
			this.closed = true;
			this.#wake();
		});
	}

	static async open(to: Address, from = NOBODY): Promise<Line> {
		const socket = connect({ ...to, localAddress: from });
		await once(socket, "connect");
		return new Line(socket);
	}

	send(bytes: string | Uint8Array): void {
		if (!this.closed) this.#socket.write(bytes);
	}

	/** Until it has said something that matches, or has closed; false when neither comes in time. */
	async until(
		matches: (line: Line) => boolean,
		patience = 2000,
	): Promise<boolean> {
		const end = performance.now() + patience;
		while (!matches(this)) {
			const left = end - performance.now();
			if (left <= 0) return false;
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, left);
				this.#wake = () => {
					clearTimeout(timer);
					resolve();
				};
			});
		}
		return true;
	}

	close(): void {
		this.#socket.destroy();
	}
}
