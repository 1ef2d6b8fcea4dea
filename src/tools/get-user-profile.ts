/** A tool that depends on the access token: it returns the profile of the user whom the token was issued for. */
import { ToolError, type Tool } from './tool.ts'

export const getUserProfile: Tool = {
  name: 'get_user_profile',
  title: 'Your profile',
  description: 'Shows who you are to this server, according to the access token of the call.',
  inputSchema: { type: 'object', properties: {}, additionalProperties: false },
  outputSchema: {
    type: 'object',
    properties: { sub: { type: 'string' }, name: { type: 'string' }, email: { type: 'string' } },
    required: ['sub', 'name', 'email'],
  },
  annotations: { readOnlyHint: true, openWorldHint: false },

  run(_args, { sub, user }) {
    if (!user) throw new ToolError(`There is no profile for ${sub}`)
    const { name, email } = user
    return { text: `${name} <${email}> (${sub})`, structuredContent: { sub, name, email } }
  },
}
