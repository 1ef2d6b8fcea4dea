/** The grant types of the token endpoint, for metadata, registration and requests alike. */
import type { Config } from '../../base/config/config.ts'

export function supportedGrantTypes({ clientCredentials }: Config): readonly string[] {
  return ['authorization_code', 'refresh_token', ...(clientCredentials ? ['client_credentials'] : [])]
}
