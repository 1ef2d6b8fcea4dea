/**
 * Untrusted text with control characters, invisible characters and surplus marks escaped as `\uXXXX`, so that it cannot
 * control a terminal, change the reading direction or draw over other text. Line ends and tabs stay, and JSON stays valid.
 */
export function plainText(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]|(?<=\p{Mn}{4})\p{Mn}|(?!\u20e3)\p{Me}/gu, character => (
    character.split('').map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')))
}
