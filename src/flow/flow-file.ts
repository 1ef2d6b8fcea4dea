/**
 * A flow as a file: JSON with a version. Anybody may have written the file that is opened, so every member is checked, and an
 * invalid file is rejected with the reason.
 */
import { parties, type Exchange, type Message, type Party } from './exchange.ts'
import type { Flow } from './kept-flows.ts'
import { isJsonObject, parseJson, type JsonObject } from '../base/protocol/json.ts'
import type { ShownVerdict } from '../base/rules/shown-verdict.ts'

const format = 'mcp-authorization flow'
const version = 1

/** In bytes. A flow full of long messages stays below this. */
export const maxFlowFile = 4_194_304

/** The limits for each list and each string of a file. */
const maxExchanges = 1000
const maxVerdicts = 500
const maxExpected = 50
const maxText = 20_000

/** A flow, with where it comes from. */
export interface FlowFile {
  readonly flow: Flow
  /** When it was saved, as a NumericDate, and the issuer of the server that saved it. */
  readonly saved_at: number
  readonly issuer: string
}

/** The text of the file for a flow. */
export function writeFlowFile({ flow, saved_at, issuer }: FlowFile): string {
  // A kept flow has more members, such as its keys, which do not belong in a file.
  const { id, client_id, client_name, dropped, exchanges } = flow
  const file = { format, version, issuer, saved_at, flow: { id, client_id, client_name, dropped, exchanges } }
  return `${JSON.stringify(file, undefined, 1)}\n`
}

/** The flow in a file, or what is wrong with the file. */
export function readFlowFile(text: string): FlowFile | { readonly problem: string } {
  const parsed = parseJson(text)
  if ('problem' in parsed) return { problem: `This is not a valid JSON file: ${parsed.problem}.` }
  try {
    return fileOf(object(parsed.value, 'the file'))
  } catch (error) {
    if (error instanceof FileProblem) return { problem: error.message }
    throw error
  }
}

/** The message is for the person who chose the file. */
class FileProblem extends Error {}

function fileOf(file: JsonObject): FlowFile {
  if (file['format'] !== format) throw new FileProblem('This file was not saved from /flow.')
  if (file['version'] !== version) {
    throw new FileProblem(`This file has version ${shown(file['version'])}. This server opens version ${version}.`)
  }
  const flow = object(file['flow'], 'flow')
  return {
    saved_at: number(file, 'saved_at'),
    issuer: text(file, 'issuer'),
    flow: {
      id: word(flow, 'id'),
      client_id: optionalText(flow, 'client_id'),
      client_name: optionalText(flow, 'client_name'),
      dropped: number(flow, 'dropped'),
      exchanges: list(flow, 'exchanges', maxExchanges).map(exchangeOf),
    },
  }
}

function exchangeOf(value: unknown): Exchange {
  const exchange = object(value, 'an exchange')
  return {
    id: word(exchange, 'id'),
    time: number(exchange, 'time'),
    duration: number(exchange, 'duration'),
    from: party(exchange, 'from'),
    to: party(exchange, 'to'),
    method: word(exchange, 'method'),
    target: text(exchange, 'target'),
    title: text(exchange, 'title'),
    status: number(exchange, 'status'),
    request: messageOf(exchange['request']),
    response: messageOf(exchange['response']),
    ...(exchange['claims'] === undefined ? {} : { claims: text(exchange, 'claims') }),
    verdicts: list(exchange, 'verdicts', maxVerdicts).map(verdictOf),
  }
}

function messageOf(value: unknown): Message {
  const message = object(value, 'a message')
  const headers = object(message['headers'], 'headers')
  return {
    headers: Object.fromEntries(Object.keys(headers).map(name => [name, text(headers, name)])),
    body: text(message, 'body'),
  }
}

function verdictOf(value: unknown): ShownVerdict {
  const verdict = object(value, 'a verdict')
  const { passed, received, expected } = verdict
  if (typeof passed !== 'boolean') throw new FileProblem('passed is not true or false.')
  return {
    rule: text(verdict, 'rule'),
    passed,
    ...(received === undefined ? {} : { received: text(verdict, 'received') }),
    ...(expected === undefined ? {} : {
      expected: list(verdict, 'expected', maxExpected).map(value => string(value, 'expected')),
    }),
  }
}

// Each of the following reads one value, and rejects the file if the value has the wrong type.

function object(value: unknown, name: string): JsonObject {
  if (!isJsonObject(value)) throw new FileProblem(`${name} is not an object.`)
  return value
}

function list(owner: JsonObject, name: string, most: number): readonly unknown[] {
  const value = owner[name]
  if (!Array.isArray(value) || value.length > most) throw new FileProblem(`${name} is not a list of at most ${most}.`)
  return value
}

function text(owner: JsonObject, name: string): string {
  return string(owner[name], name)
}

function optionalText(owner: JsonObject, name: string): string | undefined {
  return owner[name] === undefined ? undefined : text(owner, name)
}

function party(owner: JsonObject, name: string): Party {
  const value = parties.find(party => party === owner[name])
  if (value === undefined) throw new FileProblem(`${name} is not one of the parties: ${shown(owner[name])}.`)
  return value
}

/** An id or an HTTP method. */
function word(owner: JsonObject, name: string): string {
  const value = string(owner[name], name)
  if (!/^[\w-]{1,40}$/.test(value)) throw new FileProblem(`${name} is not a word.`)
  return value
}

function string(value: unknown, name: string): string {
  if (typeof value !== 'string' || value.length > maxText) {
    // The name may come from the file as well: that of a header can have any length.
    throw new FileProblem(`${name.slice(0, 40)} is not a string of at most ${maxText} characters.`)
  }
  return value
}

/** A time, a duration, a status or a count. A number too large for a Date would break the page that shows it. */
function number(owner: JsonObject, name: string): number {
  const value = owner[name]
  if (typeof value !== 'number' || !(value >= 0 && value < 1e11)) throw new FileProblem(`${name} is not a number in range.`)
  return value
}

/** A value from the file, for an error message. */
function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 40)
}
