/**
 * The even RTP ports of the settings' range (RFC 3550 §11), each given to one call
 * at a time. It must not know who uses them.
 */

export class PortPool {
	#first = 0;
	#last = -1;
	readonly #used: number[] = [];

	/** Both ends belong to the range. Ports in use stay in use when the range moves. */
	setRange(first: number, last: number): void {
		this.#first = first + (first & 1);
		this.#last = last;
	}

	/** A free port, or 0. */
	reserve(): number {
		for (let port = this.#first; port < this.#last; port += 2) {
			if (!this.#used.includes(port)) {
				this.#used.push(port);
				return port;
			}
		}
		return 0;
	}

	release(port: number): void {
		const at = this.#used.indexOf(port);
		if (at >= 0) this.#used.splice(at, 1);
	}
}
