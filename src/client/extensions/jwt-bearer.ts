/**
 * The JWT bearer grant (RFC 7523 section 2.1): the client exchanges an assertion for tokens. The authorization server trusts
 * its issuer, which may be a workload identity platform or the identity provider of an enterprise.
 */
import { formatScope } from '../../base/protocol/scope.ts'
import type { ClientRegistrar } from '../../core/client/registrar.ts'
import type { Grant, Granted, GrantRequest } from '../../core/client/seams/grant.ts'

/** Returns the assertion to exchange: one that the client already has, or one made for this request. */
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
