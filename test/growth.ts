/** How work grows with its input, told apart without a limit of time: a slow machine is slow for both sizes. */
import assert from 'node:assert/strict'

/** Each of two steps makes the input this many times as long: linear work then takes 4 times as long, and quadratic work 16 times. */
const factor = 4
/** Far from both: what linear work allocates costs more than its share, and a busy machine adds noise. */
const mostGrowth = 7

/** In milliseconds: no machine does work on 12,000 characters that is quadratic in so little time. */
const neverQuadratic = 5

const attempts = 5

/** Asserts that work on `size` characters does not grow with the square of its length. */
export async function assertLinear(size: number, work: (size: number) => unknown, measure = costOf): Promise<void> {
  assert.ok(size >= 12_000, 'the input is long enough to tell')
  if (await measure(() => work(size)) < neverQuadratic) return
  let least = Infinity
  for (let attempt = 0; attempt < attempts && least > mostGrowth; attempt++) {
    const [short, middle, long] = [
      await lowestCost(() => work(size / factor ** 2), measure), await lowestCost(() => work(size / factor), measure),
      await lowestCost(() => work(size), measure),
    ]
    // Noise makes one step larger at the cost of the other. Quadratic work makes both large.
    least = Math.min(least, middle / short, long / middle)
  }
  assert.ok(least <= mostGrowth, `an input of ${factor} times the length takes ${least.toFixed(0)} times the work`)
}

/** The least of five, in milliseconds of computing: other work in this process makes some of them larger, and none smaller. */
export async function lowestCost(work: () => unknown, measure = costOf): Promise<number> {
  const costs: number[] = []
  for (let i = 0; i < 5; i++) costs.push(await measure(work))
  return Math.min(...costs)
}

async function costOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
