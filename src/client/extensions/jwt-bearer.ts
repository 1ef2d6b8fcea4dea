/**
 * The JWT bearer grant: an assertion of somebody whom the authorization server trusts, such as the identity of a
 * workload or the grant of an enterprise, is exchanged for tokens (RFC 7523 section 2.1).
 */
import { formatScope } from '../../base/protocol/scope.ts'
import type { ClientRegistrar } from '../../core/client/registrar.ts'
import type { Grant, Granted, GrantRequest } from '../../core/client/seams/grant.ts'

/** Gives the assertion for a request: one that is at hand, or one that is made for it. */
export type AssertionSource = (request: GrantRequest) => Promise<string>

export class JwtBearerGrant implements Grant {
  readonly hasUser = false
  readonly isReady = true
  private readonly registrar: ClientRegistrar
  private readonly source: AssertionSource

  constructor(registrar: ClientRegistrar, source: AssertionSource) {
    this.registrar = registrar
    this.source = source
  }

  async obtain(request: GrantRequest): Promise<Granted> {
    const { server, scopes, resource, requestTokens, trace } = request
    const registration = await this.registrar.preRegistered(server)
    const assertion = await this.source(request)
    trace.step('Exchange the assertion for tokens', 'RFC 7523 section 2.1')
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion,
      scope: scopes.length === 0 ? undefined : formatScope(scopes), resource,
    }
    return { response: await requestTokens(registration, form), registration }
  }
}
