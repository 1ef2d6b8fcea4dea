/**
 * The file that OAUTH_USERS_FILE names, which is read once at startup. It is a JSON array of objects such as
 *
 *     { "sub": "1", "username": "ada", "name": "Ada Lovelace", "email": "ada@example.com", "password_hash": "$scrypt$..." }
 */
import { isJsonObject, parseJson } from '../protocol/json.ts'
import { ConfigError } from './environment.ts'
import { parsePasswordHash, type PasswordHash } from './password.ts'
import { comparableName, Users, type User } from './users.ts'

const members = ['sub', 'username', 'name', 'email', 'password_hash'] as const

/** Parses the file. Errors name the entry by its number and user name. */
export function parseUsers(text: string): Users {
  const parsed = parseJson(text)
  if ('problem' in parsed) throw invalid(`is not JSON: ${parsed.problem}`)
  if (!Array.isArray(parsed.value) || parsed.value.length === 0) throw invalid('is not a JSON array of users')
  const hashes = new Map(parsed.value.map((entry: unknown, i) => parseUser(entry, `entry ${i + 1}`)))
  const users = [...hashes.keys()]
  checkUnique('sub', users.map(({ sub }) => sub))
  checkUnique('username', users.map(({ username }) => comparableName(username)))
  return new Users(users, hashes)
}

function parseUser(entry: unknown, where: string): [User, PasswordHash] {
  if (!isJsonObject(entry)) throw invalid(`has an invalid ${where}: it is not an object`)
  const { username: label } = entry
  const problem = (text: string): ConfigError => (
    invalid(`has an invalid ${where}${typeof label === 'string' ? ` (${quoted(label)})` : ''}: ${text}`))
  for (const name of members) {
    const value = entry[name]
    if (typeof value !== 'string' || value.trim() === '') throw problem(`${name} must be a non-empty string`)
    if (value.length > 256) throw problem(`${name} is longer than 256 characters`)
  }
  const unknown = Object.keys(entry).find(name => !members.some(member => member === name))
  if (unknown !== undefined) throw problem(`unknown member ${quoted(unknown)}`)
  const { sub, username, name, email, password_hash } = entry as Readonly<Record<(typeof members)[number], string>>
  const hash = parsePasswordHash(password_hash)
  if ('problem' in hash) throw problem(`password_hash ${hash.problem}: make one with bin/hash-password`)
  return [{ sub, username, name, email }, hash]
}

function checkUnique(name: string, values: readonly string[]): void {
  const i = values.findIndex((value, i) => values.indexOf(value) < i)
  if (i >= 0) throw invalid(`has an invalid entry ${i + 1}: an earlier entry has the same ${name}, ${quoted(values[i]!)}`)
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 60))
}

function invalid(problem: string): ConfigError {
  return new ConfigError('OAUTH_USERS_FILE', problem)
}
