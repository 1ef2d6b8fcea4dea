/** How to connect MCP clients to this server: commands and files to copy. The README shows the same ones. */
import type { Config } from '../base/config/config.ts'
import { html, type Html } from '../base/ui/html.ts'
import { command } from '../base/ui/parts.ts'

/** One folded item for each client. */
export function connectionGuide({ resource, serverName }: Config): Html {
  // The name is part of shell commands and JSON, so only letters, digits and hyphens are left of it.
  const name = serverName.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '').toLowerCase() || 'mcp-authorization'
  const json = (value: unknown) => JSON.stringify(value, null, 2)
  const clients: readonly (readonly [client: string, how: string, text: string])[] = [
    ['Claude Code', 'in a terminal, then /mcp in Claude Code', `claude mcp add --transport http ${name} ${resource}`],
    ['Cursor', 'in ~/.cursor/mcp.json', json({ mcpServers: { [name]: { url: resource } } })],
    ['VS Code', 'in .vscode/mcp.json', json({ servers: { [name]: { type: 'http', url: resource } } })],
    ['MCP Inspector', 'in a terminal, with Node 22.19 or newer',
      `npx @modelcontextprotocol/inspector --transport http --server-url ${resource}`],
    ['Any client that only speaks stdio', 'through mcp-remote', json({
      mcpServers: { [name]: { command: 'npx', args: ['-y', 'mcp-remote', resource] } },
    })],
    ['The client of this project', 'in the project folder', `node dist/client.js --server-url ${resource} --demo`],
  ]
  return html`${clients.map(([client, how, text]) => html`
<details name="client"><summary>${client} <small class="muted">${how}</small></summary>
${command(text)}</details>`)}`
}
