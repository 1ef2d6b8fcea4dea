/** `--explain`: everything the catalogue says about a rule that an error or a trace names. */
import { nearestMiss } from '../../base/rules/nearest-miss.ts'
import { catalogue } from '../../catalogue/catalogue.ts'
import { ClientError, exitCodes } from '../../base/client/errors.ts'

const maxSuggestions = 3

export function explainRule(id: string): string {
  const group = catalogue.find(({ rules }) => rules.some(rule => rule.id === id))
  const rule = group?.rules.find(rule => rule.id === id)
  if (!group || !rule) {
    throw new ClientError(`there is no rule ${id}`, exitCodes.usage, {
      remedy: `Did you mean ${suggestIds(id).join(', ')}? docs/specification.md lists all rules.`,
    })
  }
  return [
    `${rule.id}  [${rule.clause}]`,
    `required    ${rule.requires}`,
    `without it  ${rule.otherwise}`,
    `what to do  ${rule.remedy}`,
    `checked by  ${group.role} (${group.title})`,
    ...(rule.shownAs ? [`shown as    ${rule.shownAs.id}, because telling the two apart would help an attacker`] : []),
  ].join('\n')
}

/** The ids that share the most words with `id`. If none shares any, the one that differs least. */
function suggestIds(id: string): readonly string[] {
  const known = catalogue.flatMap(({ rules }) => rules.map(rule => rule.id))
  const words = id.toLowerCase().split(/[^a-z0-9]+/).filter(word => word.length > 2)
  const sharedWords = (candidate: string): number => words.filter(word => candidate.includes(word)).length
  const similar = known.filter(candidate => sharedWords(candidate) > 0).sort((a, b) => sharedWords(b) - sharedWords(a))
  return similar.length > 0 ? similar.slice(0, maxSuggestions) : [nearestMiss(id, known)!.candidate]
}
