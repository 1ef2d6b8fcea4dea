/** The revisions of MCP that this server speaks, in the terms of MCP 2026-07-28 basic/versioning. */

/** The revision that carries version and capabilities in every request. */
export const modernVersion = '2026-07-28'

/** The revisions that begin with `initialize`, newest first. */
export const legacyVersions: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26']

export const supportedVersions: readonly string[] = [modernVersion, ...legacyVersions]

/** What a request without any version is taken for (MCP 2025-11-25 basic/transports, Protocol Version Header). */
export const assumedVersion = '2025-03-26'

/** The members of `_meta` that MCP 2026-07-28 defines. */
export const metaKeys = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const
