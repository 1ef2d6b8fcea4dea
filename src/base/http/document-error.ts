/** Why a document could not be fetched, in words for the developer of the other side. */
export class DocumentError extends Error {
  /** Whether the same request may succeed later without anybody changing anything. */
  readonly temporary: boolean

  constructor(problem: string, { temporary = false }: { temporary?: boolean } = {}) {
    super(problem)
    this.temporary = temporary
  }
}
