import assert from "node:assert/strict";
import { Listener } from "../../../hosts/node/listener.js";
import { TCP } from "../../../hosts/node/tcp.js";
import { UDP } from "../../../hosts/node/udp.js";
import type { Datagram, TCPCallbacks } from "../../../hosts/platform.js";

const address = "127.0.1.77";
const port = 45_060;

function text(buffer: ArrayBuffer | undefined): string {
	return Buffer.from(buffer ?? new ArrayBuffer(0)).toString();
}

function bytes(value: string): Uint8Array {
	return new TextEncoder().encode(value);
}

/** A promise and the function that fulfils it. */
function signal<T = void>() {
	let done: (value: T) => void = () => {};
	const promise = new Promise<T>((resolve) => {
		done = resolve;
	});
	return { promise, done };
}

describe("hosts/node: UDP", () => {
	it("a datagram arrives whole, with its source; the reply leaves from the same port", async () => {
		const got = signal<Datagram>();
		const reply = signal<Datagram>();
		const server: UDP = new UDP({
			address,
			port,
			onReadable(count) {
				assert.equal(count, 1);
				const datagram = server.read();
				assert.ok(datagram);
				assert.equal(server.read(), undefined);
				server.write(bytes("pong"), datagram.address, datagram.port);
				got.done(datagram);
			},
		});
		const client: UDP = new UDP({
			address: "127.0.1.78",
			onReadable() {
				reply.done(client.read() as Datagram);
			},
		});
		client.write(bytes("x".repeat(9_000)), address, port);
		const datagram = await got.promise;
		assert.equal(datagram.byteLength, 9_000);
		assert.equal(datagram.address, "127.0.1.78");
		const answer = await reply.promise;
		assert.equal(text(answer), "pong");
		assert.deepEqual([answer.address, answer.port], [address, port]);
		server.close();
		client.close();
		client.close();
	});

	it("an address that is not ours is an error, once", async () => {
		const failed = signal<unknown>();
		new UDP({ address: "192.0.2.1", port, onError: failed.done });
		assert.equal(
			((await failed.promise) as { code: string }).code,
			"EADDRNOTAVAIL",
		);
	});
});

describe("hosts/node: TCP", () => {
	/** A connected pair. */
	async function pair(callbacks: {
		readonly client?: TCPCallbacks;
		readonly server?: TCPCallbacks;
	}) {
		const accepted = signal<TCP>();
		const up = signal();
		const listener: Listener = new Listener({
			address,
			port,
			onReadable() {
				const from = listener.read();
				assert.ok(from);
				assert.equal(from.remoteAddress, "127.0.1.78");
				accepted.done(new TCP({ from, ...callbacks.server }));
			},
		});
		await new Promise((resolve) => setImmediate(resolve));
		const client = new TCP({
			address,
			port,
			localAddress: "127.0.1.78",
			...callbacks.client,
			onWritable(count) {
				callbacks.client?.onWritable?.call(this, count);
				up.done();
			},
		});
		const server = await accepted.promise;
		await up.promise;
		return { listener, client, server };
	}

	it("bytes go both ways, and the end comes after the last of them", async () => {
		const events: string[] = [];
		const over = signal();
		const parts = await pair({
			server: {
				onReadable(this: TCP) {
					events.push(text(this.read(3)), text(this.read()));
				},
				onError(reason: unknown) {
					events.push(String(reason));
					over.done();
				},
			},
		});
		parts.client.write(bytes("abcdef"));
		parts.client.close();
		await over.promise;
		assert.deepEqual(events, ["abc", "def", "closed"]);
		parts.listener.close();
	});

	it("an accepted connection is told that it can write", async () => {
		const writable = signal<number>();
		const parts = await pair({ server: { onWritable: writable.done } });
		assert.ok((await writable.promise) > 0);
		parts.client.close();
		parts.server.close();
		parts.listener.close();
	});

	it("a peer that does not read holds the writer back, and all comes through when it does", async () => {
		const total = 8_000_000;
		let writable = 0;
		let sent = 0;
		let received = 0;
		let isReading = false;
		const done = signal();
		const stalled = signal();
		let timer: NodeJS.Timeout | undefined;
		const pump = (socket: TCP) => {
			while (writable > 0 && sent < total) {
				const length = Math.min(writable, total - sent, 1_000);
				socket.write(new Uint8Array(length));
				writable -= length;
				sent += length;
			}
			clearTimeout(timer);
			timer = setTimeout(stalled.done, 50);
		};
		const drain = (socket: TCP) => {
			for (;;) {
				const part = socket.read(10_000);
				if (part === undefined) break;
				received += part.byteLength;
			}
			if (received === total) done.done();
		};
		const parts = await pair({
			client: {
				onWritable(this: TCP, count: number) {
					writable = count;
					pump(this);
				},
			},
			server: {
				onReadable(this: TCP) {
					if (isReading) drain(this);
				},
			},
		});
		await stalled.promise;
		assert.ok(sent < total, "the kernel took all of it");
		assert.throws(() => parts.client.write(new Uint8Array(20_000)), RangeError);
		isReading = true;
		drain(parts.server);
		await done.promise;
		parts.client.close();
		parts.server.close();
		parts.listener.close();
	});

	it("a port where nobody listens is an error", async () => {
		const failed = signal<unknown>();
		new TCP({ address, port: port + 1, onError: failed.done });
		assert.equal(
			((await failed.promise) as { code: string }).code,
			"ECONNREFUSED",
		);
	});

	it("a port that is taken is an error of the listener", async () => {
		const first = new Listener({ address, port });
		const failed = signal<unknown>();
		await new Promise((resolve) => setImmediate(resolve));
		new Listener({ address, port, onError: failed.done });
		assert.equal(
			((await failed.promise) as { code: string }).code,
			"EADDRINUSE",
		);
		first.close();
	});
});
