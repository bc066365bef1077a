/** Preloaded: lies in flash. */
export const frozen = { value: 1 };
