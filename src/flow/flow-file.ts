/**
 * A flow as a file: JSON with a version. What is opened again may come from anybody, so every member is looked at before it
 * is believed to be there, and a file that is not whole is refused with the reason.
 */
import { parties, type Exchange, type Message } from './exchange.ts'
import type { Flow } from './kept-flows.ts'
import { isJsonObject, parseJson, type JsonObject } from '../http/json.ts'
import type { ShownVerdict } from '../rules/shown-verdict.ts'

const format = 'mcp-authorization flow'
const version = 1

/** In bytes: a flow that is full of long messages stays below it. */
export const maxFlowFile = 4_194_304

const maxExchanges = 1000
const maxText = 20_000

export interface FlowFile {
  readonly flow: Flow
  /** When it was saved, as a NumericDate, and by the server of which issuer. */
  readonly saved_at: number
  readonly issuer: string
}

export function writeFlowFile({ flow: { id, client_id, client_name, dropped, exchanges }, saved_at, issuer }: FlowFile): string {
  // JSON has no undefined: a client that has no name yet is left out.
  const flow = { id, client_id, client_name, dropped, exchanges }
  return `${JSON.stringify({ format, version, issuer, saved_at, flow }, undefined, 1)}\n`
}

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

class FileProblem extends Error {}

function fileOf(file: JsonObject): FlowFile {
  if (file['format'] !== format) throw new FileProblem('This file was not saved from /flow.')
  if (file['version'] !== version) throw new FileProblem(`This file has version ${shown(file['version'])}; version ${version} can be opened here.`)
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
    verdicts: list(exchange, 'verdicts', 500).map(verdictOf),
  }
}

function messageOf(value: unknown): Message {
  const message = object(value, 'a message')
  const headers = object(message['headers'], 'headers')
  return { headers: Object.fromEntries(Object.keys(headers).map(name => [name, text(headers, name)])), body: text(message, 'body') }
}

function verdictOf(value: unknown): ShownVerdict {
  const verdict = object(value, 'a verdict')
  const { passed, received, expected } = verdict
  if (typeof passed !== 'boolean') throw new FileProblem('passed is not true or false.')
  return {
    rule: text(verdict, 'rule'),
    passed,
    ...(received === undefined ? {} : { received: text(verdict, 'received') }),
    ...(expected === undefined ? {} : { expected: list(verdict, 'expected', 50).map(item => string(item, 'expected')) }),
  }
}

function party(owner: JsonObject, name: string): Exchange['from'] {
  const value = parties.find(party => party === owner[name])
  if (value === undefined) throw new FileProblem(`${name} names no party: ${shown(owner[name])}.`)
  return value
}

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

/** An id or an HTTP method. */
function word(owner: JsonObject, name: string): string {
  const value = string(owner[name], name)
  if (!/^[\w-]{1,40}$/.test(value)) throw new FileProblem(`${name} is not a word.`)
  return value
}

function string(value: unknown, name: string): string {
  if (typeof value !== 'string' || value.length > maxText) throw new FileProblem(`${name.slice(0, 40)} is not a text of at most ${maxText} characters.`)
  return value
}

/** A number that is no time would break every clock. */
function number(owner: JsonObject, name: string): number {
  const value = owner[name]
  if (typeof value !== 'number' || !(value >= 0 && value < 1e11)) throw new FileProblem(`${name} is not a number from 0.`)
  return value
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 40)
}
