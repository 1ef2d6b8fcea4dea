/** A tool with an argument that clients mirror into a header. The weather is made up, but always the same for a place. */
import { createHash } from 'node:crypto'
import type { Tool } from './tool.ts'

const conditions = ['clear', 'partly cloudy', 'cloudy', 'light rain', 'rain', 'snow', 'fog'] as const

export const getWeather: Tool = {
  name: 'get_weather',
  title: 'Weather',
  description: 'Shows the weather at a place. The values are made up for demonstration.',
  inputSchema: {
    type: 'object',
    properties: {
      location: {
        type: 'string',
        description: 'A city, such as Lisbon',
        minLength: 1,
        maxLength: 100,
        // MCP 2026-07-28 server/tools, x-mcp-header: the client also sends it as Mcp-Param-Location.
        'x-mcp-header': 'Location',
      },
      units: { type: 'string', enum: ['celsius', 'fahrenheit'], default: 'celsius' },
    },
    required: ['location'],
    additionalProperties: false,
  },
  outputSchema: {
    type: 'object',
    properties: {
      location: { type: 'string' },
      temperature: { type: 'number' },
      units: { type: 'string', enum: ['celsius', 'fahrenheit'] },
      conditions: { type: 'string', enum: conditions },
      humidity: { type: 'integer', minimum: 0, maximum: 100 },
    },
    required: ['location', 'temperature', 'units', 'conditions', 'humidity'],
  },
  annotations: { readOnlyHint: true, openWorldHint: false },

  run(args) {
    const { location, units = 'celsius' } = args as { location: string; units?: 'celsius' | 'fahrenheit' }
    const [a, b, c] = createHash('sha256').update(location.toLowerCase()).digest()
    const celsius = (a! % 40) - 5
    const temperature = units === 'celsius' ? celsius : Math.round(celsius * 1.8 + 32)
    const weather = { location, temperature, units, conditions: conditions[b! % conditions.length]!, humidity: c! % 101 }
    const unit = units === 'celsius' ? '°C' : '°F'
    return {
      text: `${location}: ${temperature} ${unit}, ${weather.conditions}, ${weather.humidity} % humidity`,
      structuredContent: weather,
    }
  },
}
