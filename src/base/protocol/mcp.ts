/** The revisions of MCP that this server speaks, in the terms of MCP 2026-07-28 basic/versioning. */

/** The revision in which every request carries the version and the capabilities. */
export const modernVersion = '2026-07-28'

/** The revisions in which a session begins with `initialize`, newest first. */
export const legacyVersions: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26']

export const supportedVersions: readonly string[] = [modernVersion, ...legacyVersions]

/** The version of a request that names none (MCP 2025-11-25 basic/transports, Protocol Version Header). */
export const assumedVersion = '2025-03-26'

/** The members of `_meta` that MCP 2026-07-28 defines. */
export const metaKeys = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const
