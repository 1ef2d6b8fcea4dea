/** Text of somebody else without what steers a terminal or turns the reading direction; a line end and a tab stay. */
export function plainText(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]/gu, character => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`)
}
