import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { settingsPage } from "../../tools/settings-page.js";

describe("docs/settings.md", () => {
	it("is what the tables say (node build/js/tools/settings-page.js > docs/settings.md)", () => {
		const page = new URL("../../../../docs/settings.md", import.meta.url);
		assert.equal(readFileSync(page, "utf8"), settingsPage());
	});
});
