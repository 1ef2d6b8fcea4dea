/** The client credentials grant: the client gets tokens for itself, without a user (RFC 6749 section 4.4). */
import { formatScope } from '../../base/protocol/scope.ts'
import type { ClientRegistrar } from '../../core/client/registrar.ts'
import type { Grant, Granted, GrantRequest } from '../../core/client/seams/grant.ts'

export class ClientCredentialsGrant implements Grant {
  readonly hasUser = false
  readonly isReady = true
  private readonly registrar: ClientRegistrar

  constructor(registrar: ClientRegistrar) {
    this.registrar = registrar
  }

  async obtain({ server, scopes, resource, requestTokens, trace }: GrantRequest): Promise<Granted> {
    const registration = await this.registrar.preRegistered(server)
    trace.step('Request tokens for the client itself', 'RFC 6749 section 4.4.2')
    const form = { grant_type: 'client_credentials', scope: scopes.length === 0 ? undefined : formatScope(scopes), resource }
    return { response: await requestTokens(registration, form), registration }
  }
}
