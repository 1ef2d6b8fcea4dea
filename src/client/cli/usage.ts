/** What the command line of the client takes: told to people, and to `parseArgs`. */
export const usage = `Usage: node dist/client.js [--server-url URL] COMMAND [OPTIONS]

Commands
  --demo                 the whole flow: discover, register, authorize, call tools, refresh
  --register             register at the authorization server of the MCP server
  --authorize            get tokens (opens the browser, once)
  --list-tools           list the tools of the MCP server
  --call-tool NAME       call a tool, with --args '{"name": "value"}'
  --refresh              renew the access token now
  --list-clients         show what is stored: registrations and tokens, without secrets
  --remove-client URL    revoke and forget the tokens and the registration for a server
  --hammer-refresh N     N processes refresh one grant at once: a table of who got what, and a verdict; with --raw
                         each sends the refresh token itself, which ends the login at a server that is strict
  --explain RULE         what a rule requires and why, what to do, and its clause: RULE stands in an error or a trace
  --help, --version

Options
  --server-url URL       the MCP server (http://localhost:8000; --demo starts one if none answers there)
  --storage FILE         where registrations and tokens are kept (.mcp_clients.json)
  --headless             no browser: follow redirects, or print the URL and read the redirect URI that you paste
  --trace                show every exchange, with what was checked, and without secrets
  --client-id ID         a client that was registered by hand; its secret is read from MCP_CLIENT_SECRET
  --client-secret-file FILE  or from a file
  --client-secret TEXT   its secret, for tests: every user of this machine can read a command line
  --private-key FILE     the private key in place of a secret (private_key_jwt), PEM or JSON Web Key
  --client-metadata-url URL  the metadata document of the client, as its client_id; without either the client registers
  --grant NAME           client-credentials, jwt-bearer (with --assertion FILE) or identity-assertion
                         (with --idp-token-endpoint URL, --idp-client-id ID, --id-token FILE);
                         the user is asked unless one of these is named
  --dpop                 bind the tokens to a key (RFC 9449)
  --callback-port PORT   a fixed port for the redirect URI (any free one)
  --callback-host HOST   127.0.0.1 (default), localhost or [::1]
  --no-resource          leave out the resource parameter, for authorization servers that refuse it;
                         their tokens are then not bound to the MCP server

Exit codes
  0 done   1 failed   2 wrong usage   3 not authorized: run --authorize   4 refused by the other side
  5 a check of the client failed   6 unreachable   7 the tool reported an error`

/** What each option is; what it may say is judged in `arguments.ts`. */
export const options = {
  'server-url': { type: 'string' },
  demo: { type: 'boolean' },
  register: { type: 'boolean' },
  authorize: { type: 'boolean' },
  'list-tools': { type: 'boolean' },
  'call-tool': { type: 'string' },
  args: { type: 'string' },
  refresh: { type: 'boolean' },
  'list-clients': { type: 'boolean' },
  'remove-client': { type: 'string' },
  'hammer-refresh': { type: 'string' },
  raw: { type: 'boolean' },
  explain: { type: 'string' },
  storage: { type: 'string', default: '.mcp_clients.json' },
  headless: { type: 'boolean', default: false },
  trace: { type: 'boolean', default: false },
  'callback-port': { type: 'string' },
  'callback-host': { type: 'string' },
  'no-resource': { type: 'boolean', default: false },
  'client-id': { type: 'string' },
  'client-secret': { type: 'string' },
  'client-secret-file': { type: 'string' },
  'private-key': { type: 'string' },
  'client-metadata-url': { type: 'string' },
  grant: { type: 'string' },
  assertion: { type: 'string' },
  'idp-token-endpoint': { type: 'string' },
  'idp-client-id': { type: 'string' },
  'id-token': { type: 'string' },
  dpop: { type: 'boolean', default: false },
  help: { type: 'boolean' },
  version: { type: 'boolean' },
} as const
