/**
 * Discovery for an MCP server without protected resource metadata, as in MCP 2025-03-26. `client/extensions` implements
 * this; without it the core requires the metadata.
 */
import type { Trace } from '../../../base/client/trace.ts'
import type { AuthorizationServer } from '../discovery.ts'

export type DiscoverLegacyServer = (serverUrl: string, trace: Trace) => Promise<AuthorizationServer>
