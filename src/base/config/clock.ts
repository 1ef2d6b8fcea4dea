/**
 * The clock of the server. It never goes back: where that of the machine is set back, it goes on by the time that passes,
 * so that nothing that has expired comes to life again, and no token that was just issued is from the future.
 */

/** `now` gives the present as a NumericDate (RFC 7519 section 2). */
export function steadyClock(
  now = (): number => Date.now() / 1000, elapsed = (): number => performance.now() / 1000,
): () => number {
  let latest = now()
  let at = elapsed()
  return () => {
    const passed = elapsed()
    latest = Math.max(now(), latest + passed - at)
    at = passed
    return latest
  }
}
