/**
 * A flow as a file: JSON with a version. What is opened again may come from anybody, so every member is looked at before it
 * is believed to be there, and a file that is not whole is refused with the reason.
 */
import { parties, type Exchange, type Message, type Party } from './exchange.ts'
import type { Flow } from './kept-flows.ts'
import { isJsonObject, parseJson, type JsonObject } from '../base/protocol/json.ts'
import type { ShownVerdict } from '../base/rules/shown-verdict.ts'

const format = 'mcp-authorization flow'
const version = 1

/** In bytes: a flow that is full of long messages stays below it. */
export const maxFlowFile = 4_194_304

/** What one list or one text of a file may hold. */
const maxExchanges = 1000
const maxVerdicts = 500
const maxExpected = 50
const maxText = 20_000

/** A flow, and where it comes from. */
export interface FlowFile {
  readonly flow: Flow
  /** When it was saved, as a NumericDate, and by the server of which issuer. */
  readonly saved_at: number
  readonly issuer: string
}

/** The text of a file. A client that has no name yet is left out, since JSON has no undefined. */
export function writeFlowFile({ flow, saved_at, issuer }: FlowFile): string {
  // A flow that is kept has its keys and its size as well, so what belongs in a file is named.
  const { id, client_id, client_name, dropped, exchanges } = flow
  const file = { format, version, issuer, saved_at, flow: { id, client_id, client_name, dropped, exchanges } }
  return `${JSON.stringify(file, undefined, 1)}\n`
}

/** The flow of a file, or what is wrong with the file. */
export function readFlowFile(text: string): FlowFile | { readonly problem: string } {
  const parsed = parseJson(text)
  if ('problem' in parsed) return { problem: `This is no JSON file that can be read: ${parsed.problem}.` }
  try {
    return fileOf(object(parsed.value, 'the file'))
  } catch (error) {
    if (error instanceof FileProblem) return { problem: error.message }
    throw error
  }
}

/** Its message is for the person who chose the file. */
class FileProblem extends Error {}

function fileOf(file: JsonObject): FlowFile {
  if (file['format'] !== format) throw new FileProblem('This file was not saved from /flow.')
  if (file['version'] !== version) {
    throw new FileProblem(`This file has version ${shown(file['version'])}; version ${version} can be opened here.`)
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

// Each of the following reads one member, or one value of it, and refuses the file where that is of another kind.

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
  if (value === undefined) throw new FileProblem(`${name} names no party: ${shown(owner[name])}.`)
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
    // The name of a header is of the file as well, and can be as long as it likes.
    throw new FileProblem(`${name.slice(0, 40)} is not a text of at most ${maxText} characters.`)
  }
  return value
}

/** A time, or a number that is shown. One that is too large for a date would make the page fail that shows it. */
function number(owner: JsonObject, name: string): number {
  const value = owner[name]
  if (typeof value !== 'number' || !(value >= 0 && value < 1e11)) throw new FileProblem(`${name} is not a number from 0.`)
  return value
}

/** A value of the file as part of a sentence. */
function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 40)
}
