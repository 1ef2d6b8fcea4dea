/** The certificate and the key of the server, where it speaks TLS itself. */
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { ConfigError, type TlsFiles } from './config.ts'

/** Reads both files once. An error names the variable that leads to it, and nothing of what the files hold. */
export function readTlsFiles({ certFile, keyFile }: TlsFiles): { cert: Buffer; key: Buffer } {
  const cert = read('TLS_CERT_FILE', certFile)
  const key = read('TLS_KEY_FILE', keyFile)
  attempt('TLS_CERT_FILE', 'holds no certificate in PEM', () => createSecureContext({ cert }))
  attempt('TLS_KEY_FILE', 'holds no private key in PEM', () => createSecureContext({ key }))
  attempt('TLS_KEY_FILE', 'is not the key of the certificate in TLS_CERT_FILE', () => createSecureContext({ cert, key }))
  return { cert, key }
}

function read(variable: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new ConfigError(variable, `cannot be read: ${file} (${(error as NodeJS.ErrnoException).code})`)
  }
}

function attempt(variable: string, problem: string, use: () => unknown): void {
  try {
    use()
  } catch {
    throw new ConfigError(variable, problem)
  }
}
