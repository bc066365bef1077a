/** Documents that several specs use. */

export const HA1 = "0123456789abcdef".repeat(4);

/** The design's own example. */
export const EXAMPLE = `<profile xmlns="urn:hookswitch:profile:1" type="user" for="sip:alice@example.com" version="42">
  <account id="a1" aor="sip:alice@example.com" display-name="Alice" auth-user="alice">
    <credential realm="example.com" algorithm="SHA-256" ha1="${HA1}"/>
  </account>
  <server role="registrar" uri="sip:example.com;transport=tcp" priority="1"/>
  <provider name="Example Telecom" help="sip:help@example.com"/>
  <sessions audio="true" video="false" message="true" pstn="true"/>
  <audio codecs="PCMA PCMU" ptime="20" ports="10000-10019" dscp="46"/>
  <registration expires="600"/>
</profile>
`;

/** A document with this content, which starts on line 2. */
export function profile(
	content: string,
	type = "user",
	whose = "sip:alice@example.com",
): string {
	return `<profile xmlns="urn:hookswitch:profile:1" type="${type}" for="${whose}">\n${content}</profile>`;
}
