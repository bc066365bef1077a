/** Access lists that several specs use. */

/** The design's own example. */
export const EXAMPLE = `<access xmlns="urn:hookswitch:access:1" for="sip:alice@example.com" version="7">
  <group id="team"><member uri="sip:bob@example.com"/></group>
  <rule match="user"      value="sip:mallory@example.net" presence="polite-block" contact="block"/>
  <rule match="group"     value="team"                    presence="allow"        contact="allow"/>
  <rule match="number"    value="+44900"                                          contact="block"/>
  <rule match="domain"    value="example.net"             presence="confirm"      contact="divert"/>
  <rule match="anonymous"                                                         contact="divert"/>
  <default presence="block" contact="allow"/>
</access>
`;

/** A list with this content, which starts on line 2. */
export function access(content: string): string {
	return `<access xmlns="urn:hookswitch:access:1" for="sip:alice@example.com">\n${content}</access>`;
}
