/**
 * The other end of a guest's Ethernet cable, in this process: QEMU's dgram netdev
 * carries each frame in a UDP datagram. Makes the frames that no honest stack would
 * send. Only for the specs of the QEMU host's network.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

const guestHardware = "525400123466";
const ourHardware = "525400000001";
const broadcast = "ffffffffffff";

export const protocols = Object.freeze({ icmp: 1, igmp: 2, tcp: 6, udp: 17 });

function octets(address: string): Buffer {
	return Buffer.from(address.split(".").map(Number));
}

function sum(bytes: Buffer): number {
	let total = 0;
	for (let at = 0; at < bytes.length; at += 2)
		total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
	while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
	return ~total & 0xffff;
}

export interface Packet {
	readonly from: string;
	readonly to: string;
	readonly protocol: number;
	readonly payload: Buffer;
	readonly identification?: number;
	/** Octets, a multiple of 8. */
	readonly offset?: number;
	readonly more?: boolean;
}

export function ipFrame(packet: Packet): Buffer {
	const header = Buffer.alloc(20);
	header[0] = 0x45;
	header.writeUInt16BE(20 + packet.payload.length, 2);
	header.writeUInt16BE(packet.identification ?? 1, 4);
	header.writeUInt16BE(
		((packet.offset ?? 0) >> 3) | (packet.more ? 0x2000 : 0),
		6,
	);
	header[8] = 64;
	header[9] = packet.protocol;
	octets(packet.from).copy(header, 12);
	octets(packet.to).copy(header, 16);
	header.writeUInt16BE(sum(header), 10);
	const to = packet.to === "255.255.255.255" ? broadcast : guestHardware;
	const ethernet = Buffer.from(`${to}${ourHardware}0800`, "hex");
	return Buffer.concat([ethernet, header, packet.payload]);
}

/** Makes the IP header's checksum right again. */
export function fixHeader(frame: Buffer): void {
	frame.writeUInt16BE(0, 24);
	frame.writeUInt16BE(sum(frame.subarray(14, 34)), 24);
}

/** A UDP datagram's octets, without a checksum (RFC 768 allows that). */
export function udp(fromPort: number, toPort: number, payload: Buffer): Buffer {
	const header = Buffer.alloc(8);
	header.writeUInt16BE(fromPort, 0);
	header.writeUInt16BE(toPort, 2);
	header.writeUInt16BE(8 + payload.length, 4);
	return Buffer.concat([header, payload]);
}

/** The pieces of a datagram as IP fragments of at most `size` octets. */
export function fragments(
	packet: Packet,
	size: number,
	identification: number,
): Buffer[] {
	const frames: Buffer[] = [];
	for (let offset = 0; offset < packet.payload.length; offset += size)
		frames.push(
			ipFrame({
				...packet,
				payload: packet.payload.subarray(offset, offset + size),
				offset,
				more: offset + size < packet.payload.length,
				identification,
			}),
		);
	return frames;
}

/** A TCP segment; its checksum is right. */
export function tcp(
	packet: Omit<Packet, "payload" | "protocol">,
	fromPort: number,
	toPort: number,
	flags: number,
	sequence: number,
): Packet {
	const header = Buffer.alloc(20);
	header.writeUInt16BE(fromPort, 0);
	header.writeUInt16BE(toPort, 2);
	header.writeUInt32BE(sequence, 4);
	header[12] = 0x50;
	header[13] = flags;
	header.writeUInt16BE(1000, 14);
	const pseudo = Buffer.concat([
		octets(packet.from),
		octets(packet.to),
		Buffer.from([0, protocols.tcp, 0, header.length]),
		header,
	]);
	header.writeUInt16BE(sum(pseudo), 16);
	return { ...packet, protocol: protocols.tcp, payload: header };
}

export class Wire {
	readonly address = "10.55.0.1";
	readonly guest = "10.55.0.7";
	/** What the DHCP server says in an offer and in an acknowledgement: options as octets, without the end. */
	offer: Buffer = Buffer.alloc(0);
	acknowledgement: Buffer = Buffer.alloc(0);
	/** Each frame of the guest that is no ARP or DHCP. */
	onFrame: (frame: Buffer) => void = () => {};
	readonly #socket: Socket = createSocket("udp4");
	#guestPort = 0;
	#port = 0;

	async open(): Promise<void> {
		this.#socket.bind(0, "127.0.0.1");
		await once(this.#socket, "listening");
		this.#port = (this.#socket.address() as AddressInfo).port;
		const probe = createSocket("udp4");
		probe.bind(0, "127.0.0.1");
		await once(probe, "listening");
		this.#guestPort = (probe.address() as AddressInfo).port;
		probe.close();
		this.#socket.on("message", (frame) => this.#received(frame));
	}

	close(): void {
		this.#socket.close();
	}

	/** QEMU's arguments for an interface on this wire. */
	get network(): string[] {
		const end = (side: string, port: number) =>
			`${side}.type=inet,${side}.host=127.0.0.1,${side}.port=${port}`;
		return [
			"-netdev",
			`dgram,id=n,${end("local", this.#guestPort)},${end("remote", this.#port)}`,
			"-device",
			"virtio-net-device,netdev=n,mac=52:54:00:12:34:66",
		];
	}

	send(frame: Buffer): void {
		this.#socket.send(frame, this.#guestPort, "127.0.0.1");
	}

	/** A UDP datagram to the guest, from our port 9000, in one frame. */
	datagram(port: number, payload: Buffer): void {
		this.send(
			ipFrame({
				from: this.address,
				to: this.guest,
				protocol: protocols.udp,
				payload: udp(9000, port, payload),
			}),
		);
	}

	/** Does the guest send this datagram back? Asks up to `tries` times: on a wire that was flooded, one may be lost. */
	async echoes(port: number, text: string, tries = 1): Promise<boolean> {
		const payload = Buffer.from(text);
		for (let attempt = 0; attempt < tries; attempt++) {
			const answered = await new Promise<boolean>((fulfil) => {
				const timer = setTimeout(() => fulfil(false), 500);
				this.onFrame = (frame) => {
					if (!frame.subarray(42, 42 + payload.length).equals(payload)) return;
					clearTimeout(timer);
					fulfil(true);
				};
				this.datagram(port, payload);
			});
			this.onFrame = () => {};
			if (answered) return true;
		}
		return false;
	}

	#received(frame: Buffer): void {
		const kind = frame.readUInt16BE(12);
		if (kind === 0x0806) this.#arp(frame);
		else if (kind !== 0x0800) return;
		else if (frame[23] === protocols.udp && frame.readUInt16BE(36) === 67)
			this.#dhcp(frame.subarray(42));
		else this.onFrame(frame);
	}

	/** Every address but the guest's is ours. */
	#arp(frame: Buffer): void {
		const target = frame.subarray(38, 42);
		if (frame[21] !== 1 || target.equals(octets(this.guest))) return;
		const reply = Buffer.concat([
			Buffer.from(`${guestHardware}${ourHardware}08060001080006040002`, "hex"),
			Buffer.from(ourHardware, "hex"),
			target,
			frame.subarray(22, 32),
		]);
		this.send(reply);
	}

	#dhcp(request: Buffer): void {
		const type = request[242] ?? 0; // the first option: 53, 1, type
		const [kind, options] =
			type === 1 ? [2, this.offer] : [5, this.acknowledgement];
		const reply = Buffer.alloc(240);
		request.copy(reply, 0, 0, 44);
		reply[0] = 2;
		octets(this.guest).copy(reply, 16);
		reply.writeUInt32BE(0x63825363, 236);
		const fixed = Buffer.from([
			...[53, 1, kind, 54, 4, ...octets(this.address)],
			...[51, 4, 0, 0, 14, 16, 1, 4, 255, 255, 255, 0],
			...[3, 4, ...octets(this.address)],
		]);
		const payload = Buffer.concat([reply, fixed, options, Buffer.from([255])]);
		this.send(
			ipFrame({
				from: this.address,
				to: "255.255.255.255",
				protocol: protocols.udp,
				payload: udp(67, 68, payload),
			}),
		);
	}
}
