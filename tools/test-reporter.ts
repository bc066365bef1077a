/**
 * mocha's own "spec" report, and at its end what was skipped and why, and the one
 * line with the counts.
 */
import Mocha from "mocha";

export default class TestReporter extends Mocha.reporters.Spec {
	constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
		super(runner, options);
		const skipped: string[] = [];
		runner.on("pending", (test: Mocha.Test) => skipped.push(test.fullTitle()));
		// After the report's own end.
		runner.once("end", () => {
			const { passes, failures } = this.stats;
			if (skipped.length > 0) {
				console.log("Skipped here:");
				for (const title of skipped) console.log(`  ${title}`);
			}
			console.log(
				`${passes} passed, ${failures} failed, ${skipped.length} skipped`,
			);
		});
	}
}
