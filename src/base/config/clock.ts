/**
 * The clock of the server, which never runs backwards. If the clock of the machine is set back, this one continues by the time
 * that has elapsed, so that nothing expired becomes valid again and no new token appears to be from the future.
 */

/** `now` returns the current time as a NumericDate (RFC 7519 section 2). */
export function steadyClock(
  now = (): number => Date.now() / 1000, elapsed = (): number => performance.now() / 1000,
): () => number {
  let latest = now()
  let last = elapsed()
  return () => {
    const current = elapsed()
    latest = Math.max(now(), latest + current - last)
    last = current
    return latest
  }
}
