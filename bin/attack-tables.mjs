// The tables of docs/attacks.md: attack, defence and test, read from the calls of attack() in test/attacks; and what the
// rules prevent that no attack there names. Used by bin/ledger.

const isAttack = line => /^\s*(?:attack|rejects)\(/.test(line)
const quoted = String.raw`'((?:[^'\\]|\\.)*)'`
const unquote = text => text.replace(/\\u([0-9a-f]{4})/g, (_match, code) => String.fromCharCode(Number.parseInt(code, 16))).replace(/\\(.)/g, '$1')
const escape = text => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*').replaceAll('_', '\\_')

/** `sourceLinks` and `testLinks` give the links of a rule. Problems are told to `orphans`. */
export function attackTables({ catalogue, src, tests, sourceLinks, testLinks, orphans }) {
  const rules = new Map(catalogue.flatMap(group => group.rules).map(rule => [rule.id, rule]))
  const named = new Set()

  /** The cell of a defence: a rule with the line that checks it, or a line of a file. */
  function defenceCell(defence, where) {
    if (rules.has(defence)) {
      named.add(defence)
      const [line] = sourceLinks(defence)
      return line === undefined ? `\`${defence}\`` : `\`${defence}\` ${line}`
    }
    const [, path, text] = /^src\/([\w./-]+): (.+)$/s.exec(defence) ?? []
    const lines = src.find(source => source.path === path)?.lines ?? []
    const found = lines.flatMap((line, i) => line.includes(text) ? [i + 1] : [])
    if (found.length !== 1) orphans.push(`${where}: ${defence} is on ${found.length} lines`)
    return `[${path}:${found[0]}](../src/${path}#L${found[0]})`
  }

  const sections = tests.filter(({ path }) => path.startsWith('attacks/')).flatMap(({ path, lines }) => {
    const rows = lines.flatMap((line, i) => isAttack(line) ? attacksAt(lines, i) : []).map(({ title, defence, line }) => (
      `| ${escape(title)} | ${defenceCell(defence, `test/${path}:${line}`)} | [test](../test/${path}#L${line}) |`))
    const title = /^describe\('([^']+)'/m.exec(lines.join('\n'))?.[1]
    return rows.length === 0 ? [] : `## ${title}\n\nAn attacker ...\n\n| attack | defence | test |\n| --- | --- | --- |\n${rows.join('\n')}\n`
  })

  const others = [...rules.values()].filter(({ id }) => !named.has(id)).map(({ id, otherwise }) => (
    `| ${escape(otherwise)} | \`${id}\` ${sourceLinks(id)[0] ?? ''} | ${testLinks(id)[0] ?? ''} |`))
  return `${sections.join('\n')}
## What the other rules prevent

| without the rule | defence | test |
| --- | --- | --- |
${others.join('\n')}
`
}

/** The attacks of one call: one, or each row of the table that it goes through. */
function attacksAt(lines, i) {
  const [, , text] = /\((['"`])(.+?)\1, /.exec(lines[i]) ?? []
  if (text === undefined) return []
  const rest = lines[i].slice(lines[i].indexOf(text) + text.length + 1)
  const defence = new RegExp(`^, ${quoted}, `).exec(rest)?.[1]
  const named = defence === undefined || text.includes('${what}') ? tableOf(lines, i).flatMap(rowsOf) : []
  if (named.length === 0) return [{ title: titleOf(text, '...'), defence: unquote(defence ?? ''), line: i + 1 }]
  return named.map(row => ({ title: titleOf(text, row.name), defence: unquote(defence ?? row.defence ?? ''), line: row.line }))
}

function titleOf(text, name) {
  return unquote(text.replace('${what}', () => name)).replace(/\$\{[^}]*\}+/g, '...')
}

/** What a table calls its rows, and the last text of each that names a defence. */
function rowsOf({ line, text }) {
  const keys = [...text.matchAll(new RegExp(`${quoted}: `, 'g'))].map(match => match[1])
  const first = new RegExp(`^\\s*\\[${quoted},`).exec(text)?.[1]
  const defence = [...text.matchAll(new RegExp(quoted, 'g'))].map(match => match[1])
    .filter(value => value.startsWith('src/') || /^[a-z0-9]+(-[a-z0-9]+){2,}$/.test(value)).at(-1)
  return (first === undefined ? keys : [first]).map(name => ({ name, defence, line: line + 1 }))
}

/** Where the rows of the table begin and end that the loop around line `i` goes through. */
function tableOf(lines, i) {
  const loop = lines.findLastIndex((line, j) => j < i && /^\s*for \(const \[/.test(line))
  const [, name] = /Object\.entries(?:<[^(]*>)?\((\w+)\)/.exec(lines[loop]) ?? []
  const start = name === undefined ? loop : lines.findLastIndex((line, j) => j < i && new RegExp(`^\\s*const ${name}\\b`).test(line))
  const indent = /^\s*/.exec(lines[start])[0]
  const end = lines.findIndex((line, j) => j > start && line.startsWith(indent) && /^[}\]]/.test(line.slice(indent.length)))
  const rows = lines.flatMap((line, j) => j > start && j < end && /^\s*\[?'/.test(line) && line.startsWith(`${indent}  `) && line[indent.length + 2] !== ' ' ? [j] : [])
  return rows.map((row, n) => ({ line: row, text: lines.slice(row, rows[n + 1] ?? end).join('\n') }))
}
