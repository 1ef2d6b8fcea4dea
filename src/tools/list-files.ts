/** A tool that lists a small made-up file tree. It never touches the disk, so path traversal is impossible. */
import type { Tool } from './tool.ts'

const files: Readonly<Record<string, number>> = {
  'README.md': 2048,
  'package.json': 512,
  'src/index.ts': 1337,
  'src/server.ts': 4242,
  'src/util/time.ts': 640,
  'test/server.test.ts': 3100,
  'docs/guide.md': 5120,
}

export const listFiles: Tool = {
  name: 'list_files',
  title: 'Files',
  description: 'Lists the files of a small made-up project: all files, or those that match a glob pattern (*, ? and **).',
  inputSchema: {
    type: 'object',
    properties: {
      pattern: {
        type: 'string', description: 'A glob pattern, such as src/**/*.ts', minLength: 1, maxLength: 200, default: '**',
      },
    },
    additionalProperties: false,
  },
  outputSchema: {
    type: 'object',
    properties: {
      files: {
        type: 'array',
        items: {
          type: 'object',
          properties: { path: { type: 'string' }, size: { type: 'integer' } },
          required: ['path', 'size'],
        },
      },
    },
    required: ['files'],
  },
  annotations: { readOnlyHint: true, openWorldHint: false },

  run(args) {
    const { pattern = '**' } = args as { pattern?: string }
    const found = Object.entries(files)
      .filter(([path]) => matchesGlob(path.split('/'), pattern.split('/')))
      .map(([path, size]) => ({ path, size }))
    const lines = found.map(({ path, size }) => `${path} (${size} bytes)`)
    return {
      text: found.length === 0 ? `No file matches ${pattern}` : lines.join('\n'),
      structuredContent: { files: found },
    }
  },
}

/** Matches segment by segment. `**` stands for any number of segments. Takes time O(path * pattern) at most. */
function matchesGlob(path: readonly string[], pattern: readonly string[]): boolean {
  return matchesSequence(path, pattern, part => part === '**', (segment, part) => matchesSegment(segment, part))
}

/** Within a segment, `*` stands for any text and `?` for one character. */
function matchesSegment(segment: string, pattern: string): boolean {
  return matchesSequence(
    [...segment], [...pattern], part => part === '*', (character, part) => part === '?' || part === character,
  )
}

/** The classic greedy match that backtracks only to the last star: no recursion, no regular expression, no ReDoS. */
function matchesSequence<T>(
  items: readonly T[], parts: readonly T[], isStar: (part: T) => boolean, matches: (item: T, part: T) => boolean,
): boolean {
  let part = 0
  let star = -1
  let resume = 0
  for (let item = 0; item < items.length;) {
    if (part < parts.length && isStar(parts[part]!)) {
      star = part++
      resume = item
    } else if (part < parts.length && matches(items[item]!, parts[part]!)) {
      item++
      part++
    } else if (star >= 0) {
      part = star + 1
      item = ++resume
    } else {
      return false
    }
  }
  return parts.slice(part).every(isStar)
}
