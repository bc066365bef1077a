/**
 * The firmware of the network tests: does what a line on its console says, and
 * answers and reports with lines of `#` and JSON. Sockets have the names that the
 * test gives them.
 */
import { networkCounters } from "../../../../hosts/qemu/counters.js";
import { onLease } from "../../../../hosts/qemu/lease.js";
import { Listener } from "../../../../hosts/qemu/listener.js";
import { qemuNatives } from "../../../../hosts/qemu/natives.js";
import { TCP } from "../../../../hosts/qemu/tcp.js";
import { UDP } from "../../../../hosts/qemu/udp.js";

const native = qemuNatives();

function report(event: string, data: Record<string, unknown> = {}): void {
	native.log(`#${JSON.stringify({ event, ...data })}`);
}

/** What a stream carries: each octet follows from its place. */
function pattern(at: number, count: number): Uint8Array {
	const bytes = new Uint8Array(count);
	for (let index = 0; index < count; index++)
		bytes[index] = ((at + index) * 31 + ((at + index) >> 8)) & 0xff;
	return bytes;
}

/** A connection under test: how it behaves is in its `mode`. */
class Peer {
	readonly name: string;
	readonly #bench: Bench;
	readonly #tcp: TCP;
	#waiting: ArrayBuffer[] = [];
	#toSend = 0;
	#sent = 0;
	#received = 0;
	#checksum = 0;
	#slow: boolean;
	#echo: boolean;
	#source: Uint8Array | undefined;

	constructor(
		bench: Bench,
		name: string,
		options: { address: string; port: number } | { from: TCP },
		mode: { slow?: boolean; echo?: boolean; send?: number },
	) {
		this.name = name;
		this.#bench = bench;
		this.#slow = mode.slow ?? false;
		this.#echo = mode.echo ?? false;
		this.#toSend = mode.send ?? 0;
		const peer = this;
		const callbacks = {
			onReadable(_count: number) {
				if (!peer.#slow) peer.#take(0);
			},
			onWritable(count: number) {
				peer.#give(count);
			},
			onError(reason: string) {
				report("end", {
					name,
					reason,
					received: peer.#received,
					checksum: peer.#checksum,
					sent: peer.#sent,
				});
				bench.peers.delete(name);
			},
		};
		this.#tcp = new TCP({ ...options, ...callbacks });
		if (this.#slow) this.#sip();
	}

	/** A slow reader: 1,000 octets each 2 ms. */
	#sip(): void {
		native.timerSet(() => {
			if (this.#bench.peers.get(this.name) !== this) return;
			this.#take(1000);
			this.#sip();
		}, 2);
	}

	#take(count: number): void {
		for (;;) {
			// An echo takes no more than it can give back.
			if (this.#echo && this.#waiting.length > 0) return;
			const buffer = this.#tcp.read(count === 0 ? 1460 : count);
			if (buffer === undefined) return;
			this.#received += buffer.byteLength;
			if (this.#echo) this.#waiting.push(buffer);
			else {
				const bytes = new Uint8Array(buffer);
				this.#checksum =
					(this.#checksum * 3 + native.crc32(bytes, 0, bytes.length)) %
					4294967291;
			}
			if (this.#echo) this.#give(this.#tcp.write(new ArrayBuffer(0)));
			if (count !== 0) return;
		}
	}

	#give(writable: number): void {
		if (this.#echo) {
			const next = this.#waiting[0];
			if (next !== undefined && next.byteLength <= writable) {
				this.#waiting = [];
				this.#sent += next.byteLength;
				this.#tcp.write(next);
				if (!this.#slow) this.#take(0);
			}
			return;
		}
		// The same 1,024 octets again and again: the test is of the stream, not of the generator.
		this.#source ??= pattern(0, 1024);
		let free = writable;
		while (this.#sent < this.#toSend && free > 0) {
			const from = this.#sent % 1024;
			const count = Math.min(free, 1024 - from, this.#toSend - this.#sent);
			free = this.#tcp.write(this.#source.subarray(from, from + count));
			this.#sent += count;
		}
		if (this.#toSend > 0 && this.#sent === this.#toSend) {
			this.#toSend = 0;
			report("sent", { name: this.name, sent: this.#sent });
		}
	}

	close(): void {
		this.#tcp.close();
		this.#bench.peers.delete(this.name);
	}
}

class Bench {
	readonly sockets = new Map<string, UDP>();
	readonly listeners = new Map<string, Listener>();
	readonly peers = new Map<string, Peer>();
	#accepted = 0;

	echo(name: string, port: number, timeToLive: number): void {
		this.sockets.set(
			name,
			new UDP({
				port,
				timeToLive,
				onReadable() {
					for (;;) {
						const datagram = this.read();
						if (datagram === undefined) return;
						this.write(datagram, datagram.address, datagram.port);
					}
				},
			}),
		);
		report("open", { name, port: this.sockets.get(name)?.port });
	}

	/** Reads only when told to. */
	deaf(name: string, port: number): void {
		this.sockets.set(name, new UDP({ port }));
		report("open", { name, port: this.sockets.get(name)?.port });
	}

	drain(name: string): void {
		let count = 0;
		let octets = 0;
		for (;;) {
			const datagram = this.sockets.get(name)?.read();
			if (datagram === undefined) break;
			count++;
			octets += datagram.byteLength;
		}
		report("drained", { name, count, octets });
	}

	/** `count` round trips of `size` octets, one after the other. */
	roundTrips(address: string, port: number, size: number, count: number): void {
		const bytes = pattern(0, size);
		let left = count;
		let began = native.now();
		const times: number[] = [];
		const bench = this;
		const socket = new UDP({
			onReadable() {
				if (this.read() === undefined) return;
				times.push(native.now() - began);
				left--;
				began = native.now();
				if (left > 0) this.write(bytes, address, port);
				else {
					times.sort((a, b) => a - b);
					report("round-trips", {
						median: times[times.length >> 1],
						highest: times[times.length - 1],
					});
					this.close();
					bench.sockets.delete("round-trips");
				}
			},
		});
		this.sockets.set("round-trips", socket);
		socket.write(bytes, address, port);
	}

	listen(
		name: string,
		port: number,
		mode: { echo?: boolean; slow?: boolean },
	): void {
		const bench = this;
		this.listeners.set(
			name,
			new Listener({
				port,
				onReadable() {
					for (;;) {
						const tcp = this.read();
						if (tcp === undefined) return;
						const peer = `${name}-${bench.#accepted++}`;
						report("accepted", { name: peer, address: tcp.remoteAddress });
						bench.peers.set(peer, new Peer(bench, peer, { from: tcp }, mode));
					}
				},
			}),
		);
		report("open", { name });
	}

	/** Makes connections and sockets that nothing refers to. */
	leak(address: string, port: number, count: number): void {
		for (let index = 0; index < count; index++) {
			new TCP({ address, port });
			new UDP({});
		}
	}

	command(line: string): void {
		const command = JSON.parse(line) as {
			do: string;
			name: string;
			address: string;
			port: number;
			size: number;
			count: number;
			timeToLive?: number;
			mode?: { echo?: boolean; slow?: boolean; send?: number };
		};
		const { name, address, port, size, count, mode } = command;
		switch (command.do) {
			case "echo":
				this.echo(name, port, command.timeToLive ?? 1);
				break;
			case "deaf":
				this.deaf(name, port);
				break;
			case "drain":
				this.drain(name);
				break;
			case "send":
				this.sockets.get(name)?.write(pattern(0, size), address, port);
				break;
			case "join":
				this.sockets.get(name)?.add(address);
				break;
			case "leave":
				this.sockets.get(name)?.remove(address);
				break;
			case "close":
				this.sockets.get(name)?.close();
				this.sockets.delete(name);
				this.listeners.get(name)?.close();
				this.listeners.delete(name);
				this.peers.get(name)?.close();
				break;
			case "round-trips":
				this.roundTrips(address, port, size, count);
				break;
			case "connect":
				this.peers.set(
					name,
					new Peer(this, name, { address, port }, mode ?? {}),
				);
				break;
			case "listen":
				this.listen(name, port, mode ?? {});
				break;
			case "leak":
				this.leak(address, port, count);
				break;
			case "collect":
				native.collect();
				break;
			case "counters":
				report("counters", networkCounters());
				break;
			case "memory":
				report("memory", { peak: native.memory(0) });
				break;
			case "exit":
				native.exit(0);
				break;
			default:
				report("unknown", { command: command.do });
		}
	}
}

const bench = new Bench();
native.console((line) => {
	try {
		bench.command(line);
	} catch (error) {
		report("threw", { message: (error as Error).message });
	}
});
onLease((lease) => {
	report(
		"lease",
		lease && {
			address: lease.address,
			netmask: lease.netmask,
			gateway: lease.gateway,
			nameServers: lease.nameServers,
			options: lease.options.map(({ code, bytes }) => [
				code,
				native.hex(bytes, 0, bytes.length),
			]),
		},
	);
});
report("running", { now: native.now() });
