/**
 * Connects the features outside the core to it. To remove one, delete its files and its rows here and in `routes.ts`. The core
 * runs without it.
 */
import type { Config } from '../base/config/config.ts'
import type { Extensions, GrantType } from '../core/context/context.ts'
import { coreMethods } from '../core/mcp/methods.ts'
import { exchangeAuthorizationCode } from '../core/oauth/grants/authorization-code.ts'
import { refreshAccessToken } from '../core/oauth/grants/refresh-token.ts'
import { privateKeyJwt } from '../extensions/client-assertion.ts'
import { grantToClient } from '../extensions/client-credentials-grant.ts'
import { findDocumentedClient } from '../extensions/client-id-metadata-document.ts'
import { dpop } from '../extensions/dpop.ts'
import { toolMethods } from '../tools/methods.ts'
import type { Tool } from '../tools/tool.ts'
import { askToSignIn } from '../user/sign-in.ts'

export function extensionsFor(config: Config, tools: ReadonlyMap<string, Tool>): Extensions {
  return {
    methods: new Map([...coreMethods, ...toolMethods(tools)]),
    grants: new Map(grantTypes(config)),
    clientAuthentication: new Map([['client_assertion', privateKeyJwt]]),
    findDocumentedClient,
    proofOfPossession: dpop,
    askToSignIn,
  }
}

function grantTypes({ clientCredentials }: Config): readonly [string, GrantType][] {
  return [
    ['authorization_code', { hasUser: true, exchange: exchangeAuthorizationCode }],
    ['refresh_token', { hasUser: true, exchange: refreshAccessToken }],
    ...(clientCredentials ? [['client_credentials', { hasUser: false, exchange: grantToClient }] as [string, GrantType]] : []),
  ]
}
