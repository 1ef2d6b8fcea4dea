/**
 * The client of this project as the official conformance suite runs it: node conformance-client.mjs URL, with the name of
 * the scenario in the environment. A switch: which options a scenario is about, and which calls it wants to see. What the
 * suite judges is in dist/client/.
 */
import {
  ClientCredentialsGrant, elicitation, HeadlessUserAgent, identityAssertion, JwtBearerGrant, McpClient, MemoryStorage,
  readPrivateKey, Trace,
} from '../../dist/client/mcp/mcp-client.js'

const { MCP_CONFORMANCE_SCENARIO: scenario = '', MCP_CONFORMANCE_CONTEXT = '{}' } = process.env
const context = JSON.parse(MCP_CONFORMANCE_CONTEXT)

/** What the user of a client brings along, by scenario. */
const options = {
  'auth/basic-cimd': () => ({ identity: { client_metadata_url: 'https://conformance-test.local/client-metadata.json' } }),
  'auth/pre-registration': () => ({ identity: { client_id: context.client_id, client_secret: context.client_secret } }),
  'auth/client-credentials-basic': () => ({
    identity: { client_id: context.client_id, client_secret: context.client_secret },
    grant: registrar => new ClientCredentialsGrant(registrar),
  }),
  'auth/client-credentials-jwt': () => ({
    identity: { client_id: context.client_id, privateKey: readPrivateKey(context.private_key_pem) },
    grant: registrar => new ClientCredentialsGrant(registrar),
  }),
  'auth/wif-jwt-bearer': () => ({
    identity: { client_id: context.client_id },
    grant: registrar => new JwtBearerGrant(registrar, async () => context.valid_jwt),
  }),
  'auth/enterprise-managed-authorization': () => ({
    identity: { client_id: context.client_id, client_secret: context.client_secret },
    grant: registrar => new JwtBearerGrant(registrar, identityAssertion({
      token_endpoint: context.idp_token_endpoint, client_id: context.idp_client_id, id_token: context.idp_id_token,
    })),
  }),
  'auth/dpop': () => ({ dpop: true }),
  'auth/dpop-nonce': () => ({ dpop: true }),
  'elicitation-sep1034-client-defaults': () => elicitation(async () => ({})),
  'sep-2322-client-request-state': () => elicitation(async () => ({ confirmed: true })),
}

/** What a client does once it is connected, by scenario; the rest list the tools and call the first. */
const calls = {
  'json-schema-ref-no-deref': client => client.listTools(),
  'json-schema-2020-12-preservation': async client => {
    const { inputSchema } = (await client.listTools()).find(({ name }) => name === 'json_schema_2020_12_tool')
    await client.callTool('json_schema_echo', { schema: inputSchema })
  },
  'http-custom-headers': async client => {
    await client.listTools()
    for (const { name, arguments: args } of context.toolCalls) await client.callTool(name, args)
  },
  'http-invalid-tool-headers': async client => {
    for (const { name } of await client.listTools()) await client.callTool(name, { region: 'us-west1' })
  },
  'http-standard-headers': async client => {
    const [tool] = await client.listTools()
    await client.callTool(tool.name, {})
    const { resources: [resource] } = await client.request('resources/list', {})
    await client.request('resources/read', { uri: resource.uri })
    const { prompts: [prompt] } = await client.request('prompts/list', {})
    await client.request('prompts/get', { name: prompt.name })
  },
  'sep-2322-client-request-state': async client => {
    for (const { name } of await client.listTools()) await client.callTool(name, {})
  },
}

async function callFirstTool(client) {
  const [tool] = await client.listTools()
  if (tool) await client.callTool(tool.name, scenario === 'tools_call' ? { a: 2, b: 3 } : {})
}

async function run(url) {
  const client = new McpClient(url, {
    trace: new Trace({ step: ({ title }) => console.error(title), note: text => console.error(`   ${text}`) }),
    storage: new MemoryStorage(),
    userAgent: new HeadlessUserAgent({ write: text => console.error(text) }),
    ...options[scenario]?.(),
  })
  try {
    await client.connect()
    await (calls[scenario] ?? callFirstTool)(client)
  } catch (error) {
    console.error(String(error))
    process.exitCode = 1
  } finally {
    await client.close()
  }
}

// Bare `node --test` at the root runs every file below test/, and gives it no URL.
if (process.argv[2] !== undefined) await run(process.argv[2])
