/**
 * DHCP option 120 (RFC 3361 §3) as a server would write it, for hosts where a person
 * or a build names the SIP server in its place. Its reader is `src/enrol/discovery.ts`.
 */

/** RFC 1035 §2.3.4. */
const LONGEST_LABEL = 63;

/** An IPv4 address: encoding 1; a name, as DNS writes it: encoding 0. Throws RangeError. */
export function sipServerOption(server: string): Uint8Array {
	const labels = server.split(".");
	if (labels.length === 4 && labels.every(isOctet))
		return Uint8Array.from([1, ...labels.map(Number)]);
	const bytes = [0];
	for (const label of labels) {
		if (label.length > LONGEST_LABEL || !/^[-_0-9A-Za-z]+$/.test(label))
			throw new RangeError(`${server} is no domain name`);
		bytes.push(label.length);
		for (const character of label) bytes.push(character.codePointAt(0) ?? 0);
	}
	bytes.push(0);
	return Uint8Array.from(bytes);
}

function isOctet(text: string): boolean {
	return /^[0-9]{1,3}$/.test(text) && Number(text) <= 255;
}
