/** The certificate and private key of a server that speaks TLS itself. */
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { ConfigError } from './environment.ts'

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** One file without the other is an error: the operator would believe that the server speaks TLS. */
export function tlsFilesOf(certFile: string | undefined, keyFile: string | undefined): TlsFiles | undefined {
  if (certFile && keyFile) return { certFile, keyFile }
  if (certFile) throw new ConfigError('TLS_KEY_FILE', 'is missing, but TLS_CERT_FILE is set')
  if (keyFile) throw new ConfigError('TLS_CERT_FILE', 'is missing, but TLS_KEY_FILE is set')
  return undefined
}

/** Reads both files once. Errors name the variable, and nothing from the contents of the files. */
export function readTlsFiles({ certFile, keyFile }: TlsFiles): { cert: Buffer; key: Buffer } {
  const cert = read('TLS_CERT_FILE', certFile)
  const key = read('TLS_KEY_FILE', keyFile)
  tryOut('TLS_CERT_FILE', 'is not a certificate in PEM format', () => createSecureContext({ cert }))
  tryOut('TLS_KEY_FILE', 'is not a private key in PEM format', () => createSecureContext({ key }))
  tryOut('TLS_KEY_FILE', 'is not the key of the certificate in TLS_CERT_FILE', () => createSecureContext({ cert, key }))
  return { cert, key }
}

function read(variable: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new ConfigError(variable, `cannot be read: ${file} (${(error as NodeJS.ErrnoException).code})`)
  }
}

function tryOut(variable: string, problem: string, use: () => unknown): void {
  try {
    use()
  } catch {
    throw new ConfigError(variable, problem)
  }
}
