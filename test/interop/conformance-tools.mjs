/**
 * The tools that scenarios of the official conformance suite look for on a server, registered beside those of this
 * project. Each is what its scenario describes and nothing more; content, progress, errors and rounds are the server's.
 */
import { ToolError } from '../../dist/tools/tool.js'

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA='
const image = { type: 'image', data: png, mimeType: 'image/png' }
const resource = (mimeType, text) => ({ type: 'resource', resource: { uri: 'test://embedded-resource', mimeType, text } })

function tool(name, run, more = {}) {
  return { name, description: `What the scenario about ${name} looks for`, inputSchema: { type: 'object' }, run, ...more }
}

/** An elicitation in form mode of one required member. */
function form(message, name, type = 'string') {
  return { method: 'elicitation/create', params: { message, requestedSchema: { type: 'object', properties: { [name]: { type } }, required: [name] } } }
}

const sampling = text => ({
  method: 'sampling/createMessage', params: { messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens: 100 },
})
const roots = { method: 'roots/list', params: {} }

/** A tool that asks once, for what `inputRequests` names, and then says what came. */
function asking(name, inputRequests, finish, state) {
  return tool(name, (_args, _caller, { inputResponses }) => {
    const complete = Object.keys(inputRequests).every(key => key in inputResponses)
    return complete ? { text: finish(inputResponses) } : { inputRequests, state }
  })
}

const contact = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: { $anchor: 'addressDef', type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } },
  },
  properties: {
    name: { type: 'string' }, address: { $ref: '#/$defs/address' }, contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' }, email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
}

export const conformanceTools = [
  tool('test_simple_text', () => ({ text: 'This is a simple text response for testing.' })),
  tool('test_image_content', () => ({ content: [image] })),
  tool('test_audio_content', () => ({ content: [{ type: 'audio', data: wav, mimeType: 'audio/wav' }] })),
  tool('test_embedded_resource', () => ({ content: [resource('text/plain', 'This is an embedded resource content.')] })),
  tool('test_multiple_content_types', () => ({
    text: 'Multiple content types test:', content: [image, resource('application/json', '{"test":"data","value":123}')],
  })),
  tool('test_error_handling', () => { throw new ToolError('This tool intentionally returns an error for testing') }),
  tool('test_tool_with_progress', async (_args, _caller, { progress }) => {
    for (const done of [0, 50, 100]) {
      progress(done, 100)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    return { text: 'done' }
  }),
  tool('json_schema_2020_12_tool', args => ({ text: JSON.stringify(args) }), { inputSchema: contact }),

  tool('test_missing_capability', () => ({ text: 'the client can be asked for a sample' }), { requiredCapabilities: { sampling: {} } }),
  tool('test_streaming_elicitation', () => ({ text: 'nothing was asked on the stream' })),
  tool('test_logging_tool', () => ({ text: 'nothing was logged to the client' })),

  asking('test_input_required_result_elicitation', { user_name: form('What is your name?', 'name') },
    ({ user_name }) => `Hello, ${user_name.content?.name}!`),
  asking('test_input_required_result_sampling', { capital_question: sampling('What is the capital of France?') },
    ({ capital_question }) => capital_question.content?.text ?? 'no answer'),
  asking('test_input_required_result_list_roots', { client_roots: roots }, ({ client_roots }) => `${client_roots.roots?.length} roots`),
  asking('test_input_required_result_request_state', { confirm: form('Please confirm', 'ok', 'boolean') }, () => 'state-ok', 'asked'),
  asking('test_input_required_result_tampered_state', { confirm: form('Please confirm', 'ok', 'boolean') }, () => 'integrity-ok', 'asked'),
  asking('test_input_required_result_multiple_inputs', {
    user_name: form('What is your name?', 'name'), greeting: sampling('Generate a greeting'), client_roots: roots,
  }, responses => Object.keys(responses).join(', '), 'asked'),
  tool('test_input_required_result_multi_round', (_args, _caller, { inputResponses: { step1, step2 }, state }) => {
    if (state?.name !== undefined && step2) return { text: `${state.name} likes ${step2.content?.color}` }
    if (state !== undefined && step1) {
      return { inputRequests: { step2: form('Step 2: What is your favorite color?', 'color') }, state: { name: step1.content?.name } }
    }
    return { inputRequests: { step1: form('Step 1: What is your name?', 'name') }, state: {} }
  }),
  tool('test_input_required_result_capabilities', (_args, _caller, { clientCapabilities, inputResponses }) => {
    const possible = { elicitation: form('A value', 'value'), sampling: sampling('A sample') }
    const inputRequests = Object.fromEntries(Object.entries(possible).filter(([name]) => name in clientCapabilities))
    const isOver = Object.keys(inputResponses).length > 0 || Object.keys(inputRequests).length === 0
    return isOver ? { text: `answered: ${Object.keys(inputResponses).join(', ')}` } : { inputRequests, state: 'asked' }
  }),
]
