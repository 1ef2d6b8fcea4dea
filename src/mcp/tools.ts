/** The tools of this server. One line registers one more. */
import { assertSupportedSchema } from './json-schema.ts'
import type { Tool } from './tool.ts'
import { getUserProfile } from './tools/get-user-profile.ts'
import { getWeather } from './tools/get-weather.ts'
import { listFiles } from './tools/list-files.ts'

export const tools: readonly Tool[] = [
  getWeather,
  listFiles,
  getUserProfile,
]

export function toolsByName(list: readonly Tool[]): ReadonlyMap<string, Tool> {
  list.forEach(({ inputSchema }) => assertSupportedSchema(inputSchema))
  return new Map(list.map(tool => [tool.name, tool]))
}
