/** Handlers of documents that never change while the server runs, such as metadata. */
import type { Config } from '../../base/config/config.ts'
import type { Reply } from '../../base/http/message.ts'
import type { Handler, Services } from './context.ts'

/** A handler whose reply depends on the configuration alone: the reply is made and serialised once. */
export function documentHandler(make: (services: Services) => Reply): Handler {
  const made = new WeakMap<Config, Reply>()
  return (_request, context) => {
    const reply = made.get(context.config) ?? make(context)
    made.set(context.config, reply)
    return reply
  }
}
