/** Scopes: a space-delimited, case-sensitive set (RFC 6749 section 3.3). */

/**
 *     scope       = scope-token *( SP scope-token )
 *     scope-token = 1*( %x21 / %x23-5B / %x5D-7E )        RFC 6749 section 3.3
 *
 * Returns the scopes in the order sent, without duplicates, or undefined if the text is not a scope.
 */
export function parseScope(text: string): readonly string[] | undefined {
  const tokens = text.split(' ').filter(Boolean)
  return tokens.every(token => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(token)) ? [...new Set(tokens)] : undefined
}

export function formatScope(scopes: readonly string[]): string {
  return scopes.join(' ')
}

/** Whether every scope in `needed` is in `granted`. */
export function includesScope(granted: readonly string[], needed: readonly string[]): boolean {
  return needed.every(scope => granted.includes(scope))
}

export function unionOfScopes(...sets: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(sets.flat())]
}
