/** How to connect an MCP client to this server: commands and files to copy. The README has the same. */
import type { Config } from '../base/config/config.ts'
import { html, type Html } from '../base/ui/html.ts'
import { command } from '../base/ui/parts.ts'

/** Each client with what to give it, folded up. */
export function connectionGuide({ resource, serverName }: Config): Html {
  // The name stands in commands, so that nothing may be left of it that a shell or JSON would read.
  const name = serverName.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '').toLowerCase() || 'mcp-authorization'
  const json = (value: unknown) => JSON.stringify(value, null, 2)
  const clients: readonly (readonly [client: string, how: string, text: string])[] = [
    ['Claude Code', 'in a terminal, then /mcp inside of it', `claude mcp add --transport http ${name} ${resource}`],
    ['Cursor', 'in ~/.cursor/mcp.json', json({ mcpServers: { [name]: { url: resource } } })],
    ['VS Code', 'in .vscode/mcp.json', json({ servers: { [name]: { type: 'http', url: resource } } })],
    ['MCP Inspector', 'in a terminal, with Node 22.19 or newer',
      `npx @modelcontextprotocol/inspector --transport http --server-url ${resource}`],
    ['Any client that speaks stdio alone', 'by mcp-remote', json({
      mcpServers: { [name]: { command: 'npx', args: ['-y', 'mcp-remote', resource] } },
    })],
    ['The client of this program', 'in its folder', `node dist/client.js --server-url ${resource} --demo`],
  ]
  return html`${clients.map(([client, how, text]) => html`
<details name="client"><summary>${client} <small class="muted">${how}</small></summary>
${command(text)}</details>`)}`
}
