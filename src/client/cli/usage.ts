/** The command line as `--help` describes it, and the options as `parseArgs` reads them. */
export const usage = `Usage: node dist/client.js COMMAND [OPTIONS]

Start here
  --demo                 run the whole flow once and narrate every step

Commands, in the order you need them
  --register             register with the authorization server; --authorize does this if needed
  --authorize            get tokens; opens your browser so that you can sign in and decide
  --list-tools           list the tools of the MCP server
  --call-tool NAME       call a tool; its arguments follow as --args '{"name": "value"}'
  --refresh              renew the access token now
  --list-clients         show the stored registrations and tokens, without secrets
  --remove-client URL    revoke and delete the tokens and the registration for a server

Server and browser
  --server-url URL       the MCP server (default: http://localhost:8000; if nothing answers there,
                         --demo starts its own)
  --storage FILE         where registrations and tokens are kept (default: .mcp_clients.json)
  --headless             open no browser: follow redirects, or print the URL for you to open
                         elsewhere, and read the address that you paste back
  --callback-port PORT   the port of the redirect URI (default: any free port)
  --callback-host HOST   its host: 127.0.0.1 (default), localhost or [::1]

Debugging
  --trace                show every request, response and check, without secrets
  --explain RULE         what a rule requires, why, and what to do; errors and traces name rules
  --hammer-refresh N     let N processes refresh the same tokens at once and see who gets logged
                         out; with --raw each sends the refresh token itself, which ends the login
                         at strict servers

A client you already have, instead of registration
  --client-id ID         its client_id; put its secret in the environment as MCP_CLIENT_SECRET
  --client-secret-file FILE
                         its secret, in a file
  --client-secret TEXT   its secret, for tests only: other users can read your command line
  --private-key FILE     its private key instead of a secret, as PEM or JSON Web Key
  --client-metadata-url URL
                         the URL of its metadata document, which is also its client_id

Tokens without asking a user; each grant needs --client-id
  --grant client-credentials
                         tokens for the client itself
  --grant jwt-bearer     tokens for the JWT in --assertion FILE
  --grant identity-assertion
                         tokens for the user of --id-token FILE, by way of the identity provider at
                         --idp-token-endpoint URL, which knows the client as --idp-client-id ID

Token requests
  --dpop                 bind the tokens to a key (DPoP, RFC 9449)
  --no-resource          leave out the resource parameter, for servers that reject it; the tokens
                         are then not bound to the MCP server

Exit codes
  0  done
  1  failed on this machine: storage, port, or a bug
  2  wrong usage
  3  authorization needed: run --authorize
  4  refused by the server, or by you in the browser
  5  a check of this client failed: the answer cannot be trusted
  6  server unreachable
  7  the tool ran and reported an error

--help shows this text, --version the version.`

const flag = { type: 'boolean' } as const
const text = { type: 'string' } as const

/** `arguments.ts` checks the values. */
export const options = {
  demo: flag, register: flag, authorize: flag, 'list-tools': flag, 'call-tool': text, args: text,
  refresh: flag, 'list-clients': flag, 'remove-client': text,
  'server-url': text, storage: text, headless: flag, 'callback-port': text, 'callback-host': text,
  trace: flag, explain: text, 'hammer-refresh': text, raw: flag,
  'client-id': text, 'client-secret-file': text, 'client-secret': text, 'private-key': text, 'client-metadata-url': text,
  grant: text, assertion: text, 'id-token': text, 'idp-token-endpoint': text, 'idp-client-id': text,
  dpop: flag, 'no-resource': flag, help: flag, version: flag,
} as const
