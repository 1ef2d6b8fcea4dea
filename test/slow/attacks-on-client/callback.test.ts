import { once } from 'node:events'
import { connect } from 'node:net'
import { describe } from 'node:test'
import { CallbackListener } from '../../../src/client/user-agent/callback-listener.ts'
import { attack } from '../../attacks/attack.ts'

describe('The client: connections to its callback listener', () => {
  attack('holds a connection to the callback listener open', 'src/client/user-agent/callback-listener.ts: headersTimeout: 10_000', async t => {
    const listener = await CallbackListener.open('127.0.0.1', 0)
    t.after(() => listener.close())
    const socket = connect(Number(new URL(listener.redirect_uri).port), '127.0.0.1').resume()
    await once(socket, 'close')
  })
})
