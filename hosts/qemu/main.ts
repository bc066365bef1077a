/** The firmware's main module. */
import { memoryFigures, qemuNatives } from "./natives.js";

const native = qemuNatives();
native.log(
	`@{"t":${native.now()},"level":"info","code":"hello","text":"hello"}`,
);
native.console((line) => {
	native.log(`got ${line}`);
	if (line === "memory")
		native.log(
			memoryFigures
				.map((name, index) => `${name} ${native.memory(index)}`)
				.join(" "),
		);
	if (line === "exit") native.exit(0);
});
