/**
 * What one command may cost. Each answer is bounded by itself, but a server that lets a hundred of them drip, or that
 * leads from page to page, must not keep the user waiting or fill the memory either.
 */
export class Budget {
  private milliseconds: number
  private bytes: number

  constructor({ milliseconds, bytes }: { milliseconds: number; bytes: number } = { milliseconds: Infinity, bytes: Infinity }) {
    this.milliseconds = milliseconds
    this.bytes = bytes
  }

  /** In milliseconds; the time that a person takes to decide is not counted. */
  get timeLeft(): number {
    return Math.max(0, Math.ceil(this.milliseconds))
  }

  spendTime(milliseconds: number): void {
    this.milliseconds -= milliseconds
  }

  /** Whether there was enough left. */
  spendBytes(bytes: number): boolean {
    this.bytes -= bytes
    return this.bytes >= 0
  }
}
