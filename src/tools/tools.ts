/** The tools of this server. To add one, add a line. */
import { assertSupportedSchema } from '../base/protocol/json-schema.ts'
import { mirroredParametersProblem } from '../base/protocol/mirrored-parameters.ts'
import { getUserProfile } from './get-user-profile.ts'
import { getWeather } from './get-weather.ts'
import { listFiles } from './list-files.ts'
import type { Tool } from './tool.ts'

export const tools: readonly Tool[] = [
  getWeather,
  listFiles,
  getUserProfile,
]

export function toolsByName(list: readonly Tool[]): ReadonlyMap<string, Tool> {
  list.forEach(assertValid)
  const byName = new Map(list.map(tool => [tool.name, tool]))
  const duplicate = list.find(tool => byName.get(tool.name) !== tool)
  if (duplicate) throw new Error(`two tools have the name ${duplicate.name}`)
  return byName
}

function assertValid({ name, inputSchema }: Tool): void {
  assertSupportedSchema(inputSchema)
  const problem = mirroredParametersProblem(inputSchema)
  if (problem !== undefined) throw new Error(`the tool ${name} has an invalid inputSchema: ${problem}`)
}
