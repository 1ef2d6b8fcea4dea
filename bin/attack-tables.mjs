// The tables of docs/attacks.md, read from the calls of attack() in the tests: what an attacker tries, and what stops it.
// Attacks of one file that are stopped by the same thing are one class, and one row. Used by bin/ledger.

const quoted = String.raw`'((?:[^'\\]|\\.)*)'`
const call = new RegExp(String.raw`^ *(?:attack|rejects)\(\s*(['"\x60])(.+?)\1,\s+(?:${quoted}|(.+?)),\s+(?:async|\w+ =>|\()`, 'gm')
const unquote = text => text.replace(/\\u([0-9a-f]{4})/g, (_match, code) => String.fromCharCode(Number.parseInt(code, 16))).replace(/\\(.)/g, '$1')

/** `ruleLink` links a rule, and `escape` makes a text one cell. What is wrong is pushed to `problems`. */
export function attackTables({ ruleIds, src, tests, ruleLink, escape, problems }) {
  const sections = tests.filter(({ path }) => /^(?:slow\/)?attacks/.test(path)).map(({ path, lines }) => {
    const text = lines.join('\n')
    const calls = [...text.matchAll(call)]
    const written = text.match(/^ *(?:attack|rejects)\(\s*['"`]/gm)?.length ?? 0
    if (calls.length !== written) problems.push(`test/${path}: ${written - calls.length} calls of attack() cannot be read`)
    const classes = new Map()
    for (const { title, defence } of calls.flatMap(match => attacksOf(match, text))) {
      classes.set(defence, [...classes.get(defence) ?? [], title])
    }
    if (classes.size === 0) return ''
    const rows = [...classes].map(([defence, titles]) => `| ${[...new Set(titles)].map(escape).join('<br>')} | ${defenceCell(defence, path)} |`)
    return `## ${/^describe\('([^']+)'/m.exec(text)[1]}

Tests: [\`test/${path}\`](../test/${path})

| an attacker … | is stopped by |
| --- | --- |
${rows.join('\n')}
`
  })
  return sections.filter(section => section !== '').join('\n')

  /** A rule, or a file and a piece of its code. */
  function defenceCell(defence, test) {
    if (ruleIds.has(defence)) return ruleLink(defence)
    const [, path, code] = /^src\/([\w./-]+): (.+)$/s.exec(defence) ?? []
    const found = src.find(source => source.path === path)?.lines.filter(line => line.includes(code)).length ?? 0
    if (found !== 1) problems.push(`test/${test}: "${defence}" is neither a rule nor exactly one line of the source`)
    return `[${path}](../src/${path}): ${codeSpan(code ?? '')}`
  }
}

/** The attacks of one call: one for each defence, named by the first of its variants. */
function attacksOf({ 2: title, 3: literal, index }, text) {
  const rows = title.includes('${what}') ? tableBefore(text, index).map(rowOf) : []
  const defences = new Set(rows.length > 0 && literal === undefined ? rows.map(row => row.defence) : [unquote(literal ?? '')])
  return [...defences].map(defence => {
    const names = rows.filter(row => literal !== undefined || row.defence === defence).map(row => row.name)
    const named = title.replace('${what}', () => names[0] ?? '…').replace(/\$\{[^}]*\}+/g, '…')
    return { title: `${unquote(named)}${names.length > 1 ? ` (${names.length} variants)` : ''}`, defence }
  })
}

/** What a row of a table is called, and the last text in it that can be a defence. */
function rowOf(row) {
  const texts = [...row.matchAll(new RegExp(quoted, 'g'))].map(match => match[1])
  const defence = texts.filter(text => text.startsWith('src/') || /^[a-z0-9]+(-[a-z0-9]+){2,}$/.test(text)).at(-1)
  const name = /^\w+(?=:)/.exec(row)?.[0] ?? texts[0] ?? '…'
  return { name, defence: unquote(defence ?? '') }
}

/** The rows of the table that the loop around a place goes through: none if it is neither there nor a constant. */
function tableBefore(text, index) {
  const loop = text.lastIndexOf('for (const [', index)
  const [head, name] = /^for \(const \[what\b.* of (?:Object\.entries(?:<.+>)?\()?(?:(\w+)\)|(?=[[{]))/.exec(text.slice(loop)) ?? []
  if (head === undefined) return []
  if (name === undefined) return rowsAt(text, loop + head.length)
  const table = text.slice(0, loop).lastIndexOf(`const ${name}`)
  return rowsAt(text, text.indexOf(' = ', table) + 3)
}

/** What stands between the commas of the list or object that begins at `start`. */
function rowsAt(text, start) {
  const rows = ['']
  let depth = 0
  for (const [token] of text.slice(start).matchAll(/(['"`])(?:[^\\]|\\.)*?\1|\/\/.*|\s+|[^]/g)) {
    if (/^[)\]}]$/.test(token) && --depth === 0) break
    if (token === ',' && depth === 1) rows.push('')
    else if (depth > 0 && !token.startsWith('//')) rows[rows.length - 1] += token
    if (/^[([{]$/.test(token)) depth++
  }
  return rows.map(row => row.trim()).filter(row => row !== '')
}

function codeSpan(code) {
  const ticks = code.includes('`') ? '``' : '`'
  return `${ticks}${code.replaceAll('|', '\\|')}${ticks}`
}
