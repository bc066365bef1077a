/** Where the factory document lies on the SDK's Linux target: in the file that `factory=PATH` names on mcconfig's command line. */
import { File } from "file";
import config from "mc/config";

export function readFactory(): Uint8Array {
	const path: string | undefined = config.factory;
	if (path === undefined || !File.exists(path))
		throw new Error(
			`no factory document: build with factory=PATH on mcconfig's command line (path: ${path})`,
		);
	const file = new File(path);
	try {
		return new Uint8Array(file.read(ArrayBuffer) as ArrayBuffer);
	} finally {
		file.close();
	}
}
