/** Links to specifications: the URL for a citation such as `RFC 6749 section 4.1.3`. */

const openId = String.raw`OpenID Connect (?:Core|Discovery|Dynamic Client Registration) 1\.0`
const section = String.raw`(?:section|appendix) [0-9A-Z](?:\.?[0-9]+)*`

/** A citation in running text. */
export const citation = new RegExp([
  String.raw`\b(?:RFC \d{3,5}|OAuth 2\.1|${openId}) ${section}`,
  String.raw`\bRFC \d{3,5}\b`,
  String.raw`\bMCP \d{4}-\d\d-\d\d (?:basic|client|server)(?:\/[a-z-]+)*`,
  String.raw`\bJSON-RPC 2\.0 section \d+(?:\.\d+)*`,
].join('|'), 'g')

const documents: ReadonlyMap<string, string> = new Map([
  ['OAuth 2.1', 'https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1'],
  ['OpenID Connect Core 1.0', 'https://openid.net/specs/openid-connect-core-1_0.html'],
  ['OpenID Connect Discovery 1.0', 'https://openid.net/specs/openid-connect-discovery-1_0.html'],
  ['OpenID Connect Dynamic Client Registration 1.0', 'https://openid.net/specs/openid-connect-registration-1_0.html'],
])

/** The specification of a clause, without the section: `RFC 6749`, `MCP 2026-07-28`. */
export function specificationOf(clause: string): string {
  return /^MCP \S+|^.+?(?= (?:section|appendix) )/.exec(clause)?.[0] ?? clause
}

/** The URL where a clause can be read. Undefined if its specification is not known here. */
export function specificationUrl(clause: string): string | undefined {
  const [, version, path, heading] = /^MCP (\S+) ([a-z/-]+)(?:, (.+))?$/.exec(clause) ?? []
  if (path !== undefined) {
    const page = `https://modelcontextprotocol.io/specification/${version}/${path}`
    return heading ? `${page}#${slug(heading)}` : page
  }
  if (clause.startsWith('JSON-RPC 2.0')) return 'https://www.jsonrpc.org/specification'
  const [, rfc, kind, part] = /^RFC (\d+) (section|appendix) ([0-9A-Z](?:\.?[0-9]+)*)/.exec(clause) ?? []
  if (rfc !== undefined) return `https://www.rfc-editor.org/rfc/rfc${rfc}#${kind}-${part}`
  const [, wholeRfc] = /^RFC (\d+)$/.exec(clause) ?? []
  if (wholeRfc !== undefined) return `https://www.rfc-editor.org/rfc/rfc${wholeRfc}`
  const document = documents.get(specificationOf(clause)) ?? draftUrl(clause)
  const number = / section ([0-9]+(?:\.[0-9]+)*)/.exec(clause)?.[1]
  if (document === undefined || number === undefined) return document
  // The anchors in documents of the OpenID Foundation are not derived from section numbers.
  return document.includes('openid.net') ? document : `${document}#section-${number}`
}

function draftUrl(clause: string): string | undefined {
  const [draft] = /^draft-[a-z0-9-]+/.exec(clause) ?? []
  return draft && `https://datatracker.ietf.org/doc/html/${draft}`
}

function slug(heading: string): string {
  return heading.toLowerCase().replace(/[^a-z0-9_ -]/g, '').replace(/ +/g, '-')
}
