/** Inputs that are almost right: made of examples and of the words of a grammar, the same for the same seed. */
import { createHash } from 'node:crypto'

export interface Mutator {
  /** A whole number below `limit`. */
  below(limit: number): number
  pick<T>(items: readonly T[]): T
  /** An example with a few changes: words put in, parts left out, doubled, swapped, bits turned. */
  mutate(examples: readonly string[], words: readonly string[]): string
}

export function mutatorFrom(seed: string): Mutator {
  let pool = Buffer.alloc(0)
  let count = 0
  const below = (limit: number): number => {
    if (pool.length < 4) pool = createHash('sha512').update(`${seed}:${count++}`).digest()
    const value = pool.readUInt32BE()
    pool = pool.subarray(4)
    return value % limit
  }
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!
  const change = (text: string, words: readonly string[], other: string): string => {
    const [from, to] = [below(text.length + 1), below(text.length + 1)].sort((a, b) => a - b) as [number, number]
    const part = text.slice(from, Math.min(to, from + 40))
    switch (below(7)) {
      case 0: return text.slice(0, from) + pick(words) + text.slice(from)
      case 1: return text.slice(0, from) + text.slice(from + part.length)
      case 2: return text.slice(0, from) + part + text.slice(from)
      case 3: return text.slice(0, from) + String.fromCharCode(below(below(4) === 0 ? 0x10000 : 0x100)) + text.slice(from + 1)
      case 4: return text.slice(0, from) + other.slice(below(other.length + 1))
      case 5: return text.slice(0, from) + pick(words).repeat(below(50)) + text.slice(from)
      default: return text.slice(0, from)
    }
  }
  return {
    below, pick,
    mutate(examples, words) {
      let text = pick(examples)
      for (let changes = 1 + below(4); changes > 0; changes--) text = change(text, words, pick(examples))
      return text
    },
  }
}
