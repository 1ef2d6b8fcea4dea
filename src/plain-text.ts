/**
 * Text of somebody else without what steers a terminal or turns the reading direction; a line end and a tab stay, and
 * JSON stays JSON.
 */
export function plainText(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, character => (
    character.split('').map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')))
}
