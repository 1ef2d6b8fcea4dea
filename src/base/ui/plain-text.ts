/**
 * Text of somebody else without what steers a terminal, turns the reading direction or is drawn over other text. A line end
 * and a tab stay, and JSON stays JSON.
 */
export function plainText(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]|(?<=\p{Mn}{4})\p{Mn}|(?!\u20e3)\p{Me}/gu, character => (
    character.split('').map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')))
}
