/** Preloaded: lies in flash. */
export const frozen = { value: 1 };

export const nested = {
	name: "x",
	list: [1, "two", { three: [3] }],
	none: null,
};
