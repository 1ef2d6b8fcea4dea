/**
 * What one command may cost. Every response has its own limits, but a server that sends a hundred slow ones, or that leads
 * from page to page, must not keep the user waiting or fill the memory either.
 */
export class Budget {
  private milliseconds: number
  private bytes: number

  constructor({ milliseconds, bytes }: { milliseconds: number; bytes: number } = { milliseconds: Infinity, bytes: Infinity }) {
    this.milliseconds = milliseconds
    this.bytes = bytes
  }

  /** In milliseconds. The time that the user takes to decide does not count. */
  get timeLeft(): number {
    return Math.max(0, Math.ceil(this.milliseconds))
  }

  spendTime(milliseconds: number): void {
    this.milliseconds -= milliseconds
  }

  /** Returns whether there was enough left. */
  spendBytes(bytes: number): boolean {
    this.bytes -= bytes
    return this.bytes >= 0
  }
}
