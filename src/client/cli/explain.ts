/** `--explain`: a rule of the catalogue in full, for whoever meets its name in an error or in a trace. */
import { nearestMiss } from '../../base/rules/nearest-miss.ts'
import { catalogue } from '../../catalogue/catalogue.ts'
import { ClientError, exitCodes } from '../../core/client/wire/errors.ts'

/** How many ids are offered for one that is not there. */
const maxOffers = 3

export function explainRule(id: string): string {
  const group = catalogue.find(({ rules }) => rules.some(rule => rule.id === id))
  const rule = group?.rules.find(rule => rule.id === id)
  if (!group || !rule) {
    throw new ClientError(`there is no rule ${id}`, exitCodes.usage, {
      remedy: `Nearest to it: ${nearestIds(id).join(', ')}. All are listed in docs/specification.md.`,
    })
  }
  return [
    `${rule.id}  [${rule.clause}]`,
    `required    ${rule.requires}`,
    `without it  ${rule.otherwise}`,
    `what to do  ${rule.remedy}`,
    `checked by  ${group.role} (${group.title})`,
    ...(rule.shownAs ? [`shown as    ${rule.shownAs.id}, since telling the two apart would help an attacker`] : []),
  ].join('\n')
}

/** Those that share the most words with what was asked for; where none shares any, the one that differs least. */
function nearestIds(asked: string): readonly string[] {
  const ids = catalogue.flatMap(({ rules }) => rules.map(({ id }) => id))
  const words = asked.toLowerCase().split(/[^a-z0-9]+/).filter(word => word.length > 2)
  const shared = (id: string): number => words.filter(word => id.includes(word)).length
  const sharing = ids.filter(id => shared(id) > 0).sort((a, b) => shared(b) - shared(a))
  return sharing.length > 0 ? sharing.slice(0, maxOffers) : [nearestMiss(asked, ids)!.candidate]
}
