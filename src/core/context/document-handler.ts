/** Handlers for documents that never change while the server runs, such as metadata. */
import type { Config } from '../../base/config/config.ts'
import type { Reply } from '../../base/http/message.ts'
import type { Handler, Services } from './context.ts'

/** Creates the reply on the first request and reuses it: it depends only on the configuration. */
export function documentHandler(createReply: (services: Services) => Reply): Handler {
  const replies = new WeakMap<Config, Reply>()
  return (_request, context) => {
    const reply = replies.get(context.config) ?? createReply(context)
    replies.set(context.config, reply)
    return reply
  }
}
