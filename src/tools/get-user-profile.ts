/** A tool that shows whose token it is: it speaks of the user in the token and of nobody else. */
import { ToolError, type Tool } from './tool.ts'

export const getUserProfile: Tool = {
  name: 'get_user_profile',
  title: 'Your profile',
  description: 'Tells who you are to this server, by the access token of the call.',
  inputSchema: { type: 'object', properties: {}, additionalProperties: false },
  outputSchema: {
    type: 'object',
    properties: { sub: { type: 'string' }, name: { type: 'string' }, email: { type: 'string' } },
    required: ['sub', 'name', 'email'],
  },
  annotations: { readOnlyHint: true, openWorldHint: false },

  run(_args, { sub, user }) {
    if (!user) throw new ToolError(`There is no profile of ${sub}`)
    const { name, email } = user
    return { text: `${name} <${email}> (${sub})`, structuredContent: { sub, name, email } }
  },
}
