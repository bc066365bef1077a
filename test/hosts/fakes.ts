/**
 * A platform for the driver's specs: sockets that remember what was written,
 * storage in memory, and a clock that stands until it is told to move. Portable.
 */
import type { DrivenAgent } from "../../hosts/driver.js";
import type {
	Bytes,
	Datagram,
	ListenerOptions,
	Platform,
	TCPOptions,
	UDPOptions,
} from "../../hosts/platform.js";
import type { Lease, Output } from "../../src/port.js";
import { ascii, utf8 } from "../portable.js";

export class FakeUDP {
	readonly options: UDPOptions;
	readonly sent: string[] = [];
	readonly inbox: Datagram[] = [];
	isOpen = true;

	constructor(options: UDPOptions) {
		this.options = options;
	}
	read(): Datagram | undefined {
		return this.inbox.shift();
	}
	write(bytes: Bytes, address: string, port: number): void {
		if (address === "unreachable") throw new Error("no route");
		this.sent.push(`${address}:${port} ${text(bytes)}`);
	}
	close(): void {
		this.isOpen = false;
	}
	/** Datagrams arrive, announced at once. */
	receive(...texts: string[]): void {
		for (const each of texts) {
			const buffer = utf8(each).slice().buffer;
			this.inbox.push(
				Object.assign(buffer, { address: "192.0.2.1", port: 5060 }) as Datagram,
			);
		}
		this.options.onReadable?.(texts.length);
	}
}

export class FakeTCP {
	readonly options: TCPOptions | undefined;
	sent = "";
	inbox = "";
	isOpen = true;
	readonly remoteAddress = "192.0.2.9";
	readonly remotePort = 40_000;

	constructor(options?: TCPOptions) {
		if (options !== undefined && "address" in options)
			if (options.address === "unreachable") throw new Error("no route");
		this.options = options;
	}
	read(count = this.inbox.length): ArrayBuffer | undefined {
		if (this.inbox.length === 0) return undefined;
		const part = this.inbox.slice(0, count);
		this.inbox = this.inbox.slice(count);
		return utf8(part).slice().buffer as ArrayBuffer;
	}
	write(bytes: Bytes): void {
		if (!this.isOpen) throw new Error("closed");
		this.sent += text(bytes);
	}
	close(): void {
		this.isOpen = false;
	}
	receive(bytes: string): void {
		this.inbox += bytes;
		this.options?.onReadable?.(this.inbox.length);
	}
	writable(count: number): void {
		this.options?.onWritable?.(count);
	}
	fail(): void {
		this.options?.onError?.("reset");
	}
}

export class FakeListener {
	readonly options: ListenerOptions;
	readonly backlog: FakeTCP[] = [];
	isOpen = true;

	constructor(options: ListenerOptions) {
		this.options = options;
	}
	read(): FakeTCP | undefined {
		return this.backlog.shift();
	}
	close(): void {
		this.isOpen = false;
	}
	arrive(): void {
		this.backlog.push(new FakeTCP());
		this.options.onReadable?.(this.backlog.length);
	}
}

interface Alarm {
	readonly at: number;
	readonly callback: () => void;
}

/** The platform and the handles by which a spec moves it. */
export class FakePlatform implements Platform {
	readonly udp: FakeUDP[] = [];
	readonly tcp: FakeTCP[] = [];
	readonly listeners: FakeListener[] = [];
	readonly values = new Map<string, Uint8Array>();
	readonly lines: string[] = [];
	readonly restarts: string[] = [];
	readonly alarms: Alarm[] = [];
	/** While set, storage refuses to write. */
	isFull = false;
	/** While set, a socket can't be opened. */
	isPortTaken = false;
	clock = 1_000;
	lease: (lease: Lease | undefined) => void = () => {};
	command: (line: string) => void = () => {};
	readonly UDP;
	readonly TCP;
	readonly Listener;

	constructor() {
		const platform = this;
		this.UDP = class extends FakeUDP {
			constructor(options: UDPOptions) {
				if (platform.isPortTaken) throw new Error("port in use");
				super(options);
				platform.udp.push(this);
			}
		};
		this.TCP = class extends FakeTCP {
			constructor(options: TCPOptions) {
				super(options);
				platform.tcp.push(this);
			}
		};
		this.Listener = class extends FakeListener {
			constructor(options: ListenerOptions) {
				super(options);
				platform.listeners.push(this);
			}
		};
	}

	readonly storage = {
		read: (key: string) => this.values.get(key)?.slice().buffer as ArrayBuffer,
		write: (key: string, value: Bytes) => {
			if (this.isFull) throw new Error("full");
			this.values.set(key, new Uint8Array(value));
		},
		delete: (key: string) => this.values.delete(key),
		[Symbol.iterator]: () => this.values.keys(),
		close: () => {},
	};
	readonly timer = {
		set: (callback: () => void, milliseconds: number) => {
			const alarm = { at: this.clock + milliseconds, callback };
			this.alarms.push(alarm);
			return alarm;
		},
		clear: (alarm: unknown) => {
			const index = this.alarms.indexOf(alarm as Alarm);
			if (index >= 0) this.alarms.splice(index, 1);
		},
	};
	now(): number {
		return this.clock;
	}
	log(line: string): void {
		this.lines.push(line);
	}
	restart(reason: string): void {
		this.restarts.push(reason);
	}
	onLease(callback: (lease: Lease | undefined) => void): void {
		this.lease = callback;
	}
	onCommand(callback: (line: string) => void): void {
		this.command = callback;
	}
	memory() {
		return { ram: 5 };
	}

	/** Lets time pass; alarms go off in order. */
	advance(milliseconds: number): void {
		const end = this.clock + milliseconds;
		for (;;) {
			let due: Alarm | undefined;
			for (const alarm of this.alarms)
				if (alarm.at <= end && (due === undefined || alarm.at < due.at))
					due = alarm;
			if (due === undefined) break;
			this.timer.clear(due);
			this.clock = due.at;
			due.callback();
		}
		this.clock = end;
	}

	/** Codes of the events in the log. */
	codes(): string[] {
		return this.lines.map(
			(line) => (JSON.parse(line.slice(1)) as { code: string }).code,
		);
	}
}

/** Notes its inputs as text, and gives out what the spec puts into `outputs`. */
export class FakeAgent implements DrivenAgent {
	readonly inputs: string[] = [];
	readonly outputs: Output[] = [];
	/** Called with each input's note: a spec's chance to answer or to throw. */
	react: (input: string) => void = () => {};
	due = Number.POSITIVE_INFINITY;

	#note(input: string): void {
		this.inputs.push(input);
		this.react(input);
	}
	start(): void {
		this.#note("start");
	}
	network(_now: number, lease: Lease | undefined): void {
		this.#note(`network ${lease?.address}`);
	}
	datagram(
		_now: number,
		socket: string,
		bytes: Uint8Array,
		from: { host: string; port: number },
	): void {
		this.#note(`${socket} ${from.host}:${from.port} ${ascii(bytes)}`);
	}
	accepted(_now: number, connection: number, from: { host: string }): void {
		this.#note(`accepted ${connection} ${from.host}`);
	}
	connected(_now: number, connection: number): void {
		this.#note(`connected ${connection}`);
	}
	received(_now: number, connection: number, bytes: Uint8Array): void {
		this.#note(`received ${connection} ${ascii(bytes)}`);
	}
	closed(_now: number, connection: number): void {
		this.#note(`closed ${connection}`);
	}
	stored(_now: number, key: string, ok: boolean): void {
		this.#note(`stored ${key} ${ok}`);
	}
	command(_now: number, line: string): void {
		this.#note(`command ${line}`);
	}
	timeout(now: number): void {
		this.due = Number.POSITIVE_INFINITY;
		this.#note(`timeout ${now}`);
	}
	deadline(): number {
		return this.due;
	}
	next(): Output | undefined {
		return this.outputs.shift();
	}
}

function text(bytes: Bytes): string {
	return ascii(new Uint8Array(bytes));
}
