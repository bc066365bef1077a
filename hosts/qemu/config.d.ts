/** Written by the firmware build: what the manifest's "config" says, and which build this is. */
declare module "mc/config" {
	const config: Readonly<Record<string, unknown>> & {
		readonly version: string;
		/** Of the newest module, in milliseconds since 1970: the clock can't be earlier. */
		readonly time: number;
	};
	export default config;
}
