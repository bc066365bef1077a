/** The merge rules of fields, and the order in which documents are asked. Design §3. */
import type { ProfileDocument } from "./document.js";
import type { Field, FieldValue } from "./field.js";

/** From the general to the specific. */
export type Chain = readonly ProfileDocument[];

export function chain(
	...documents: readonly (ProfileDocument | undefined)[]
): Chain {
	const given: ProfileDocument[] = [];
	for (let index = 0; index < documents.length; index++) {
		const document = documents[index];
		if (document !== undefined) given.push(document);
	}
	return given;
}

/** Does the value of a more specific document hold against that of a more general one? */
export function beats(
	field: Field,
	specific: FieldValue,
	general: FieldValue,
): boolean {
	switch (field.merge) {
		case "general":
			return false;
		case "lowest":
			return specific < general;
		case "highest":
			return specific > general;
		case "all":
			return specific === false && general !== false;
		case "any":
			return specific === true && general !== true;
		case "strictest":
			return (
				field.words.indexOf(specific as string) >
				field.words.indexOf(general as string)
			);
		default:
			return true;
	}
}
