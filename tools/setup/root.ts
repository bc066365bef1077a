/** Where the project lies: this file runs as `<root>/build/js/tools/setup/root.js`. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot: string = join(
	dirname(fileURLToPath(import.meta.url)),
	"../../../..",
);
