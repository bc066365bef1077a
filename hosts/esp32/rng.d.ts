/** The SDK's entropy, for which it has no typings. */
declare module "crypt/rng" {
	const RNG: { get(length: number): ArrayBuffer };
	export default RNG;
}
