/**
 * Switches off one rule of the catalogue at a time, and fails if no test notices.
 * Run it after a build (`npm run build`). It works on a copy of dist/.test in which `check` skips the rule that
 * WITHOUT_RULE names, so that the program itself has no such switch.
 */
import { spawn } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const atOnce = 2
/** Milliseconds for one test file. */
const patience = 120_000
const root = fileURLToPath(new URL('..', import.meta.url))
const built = join(root, 'dist/.test')
/** Whether a test file passes with all rules on, for those that were asked. */
const passing = new Map()

// Inside the package, so that its package.json and its src are found from the copy as well.
for (const left of await readdir(join(root, 'dist'))) {
  if (left.startsWith('.each-rule-')) await rm(join(root, 'dist', left), { recursive: true })
}
const copy = await mkdtemp(join(root, 'dist/.each-rule-'))
let unheld
try {
  await cp(built, copy, { recursive: true })
  await addSwitch(join(copy, 'src/base/rules/rule.js'))
  unheld = await holdEachRule()
} finally {
  await rm(copy, { recursive: true, force: true })
}
process.exitCode = unheld.length === 0 ? 0 : 1

/** A check of the rule passes. Where code refuses without a condition, it can only fail in a way that names no rule. */
async function addSwitch(file) {
  const isOff = 'if (rule.id === process.env.WITHOUT_RULE)'
  let text = await readFile(file, 'utf8')
  for (const [method, effect] of [['check', 'return'], ['fail', "throw new Error('the rule is switched off')"]]) {
    const patched = text.replace(new RegExp(`^ *${method}\\(rule, [^)]*\\) \\{$`, 'm'), line => `${line} ${isOff} ${effect}`)
    if (patched === text) throw new Error(`${file} has no ${method}(rule, ...) to switch off`)
    text = patched
  }
  await writeFile(file, text)
}

async function holdEachRule() {
  const { catalogue } = await import(pathToFileURL(join(copy, 'src/catalogue/catalogue.js')))
  const rules = catalogue.flatMap(group => group.rules)
  const tests = await readTests()
  const checked = await checkedRules()
  const unheld = []
  await eachOf(rules.filter(rule => checked.has(rule.id)), async rule => {
    if (await isHeld(rule.id, tests)) return
    unheld.push(rule.id)
    console.log(`no test holds ${rule.id} (${rule.clause})`)
  })

  // A rule that only stands for others on the wire is held where they are.
  const faces = new Set(rules.map(rule => rule.shownAs?.id))
  for (const { id } of rules.filter(rule => !checked.has(rule.id) && !faces.has(rule.id))) {
    unheld.push(id)
    console.log(`no code checks ${id}`)
  }
  console.log(`${rules.length} rules, ${rules.length - unheld.length} held by a test, ${unheld.length} not`)
  return unheld
}

/** Does `work` for each item, for a few at a time. */
async function eachOf(items, work) {
  const waiting = [...items]
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let item = waiting.shift(); item; item = waiting.shift()) await work(item)
  }))
}

/** Tries the tests that name the rule first. They are few, and nearly always one of them fails. */
async function isHeld(id, tests) {
  const names = ({ text }) => text.includes(`'${id}'`)
  for (const { file } of [...tests.filter(names), ...tests.filter(test => !names(test))]) {
    if (await fails(file, id) && await passesWithAll(file)) return true
  }
  return false
}

/** Whether a test file passes with all rules on, or it would show nothing. It is asked once for each file that fails without a rule. */
function passesWithAll(file) {
  if (!passing.has(file)) {
    passing.set(file, fails(file, '').then(failed => {
      if (failed) throw new Error(`${file} fails with all rules on`)
      return true
    }))
  }
  return passing.get(file)
}

/** Runs one test file until its first failure. One that hangs without the rule fails as well. */
function fails(file, rule) {
  return new Promise((resolve, reject) => {
    // A process group of its own, since a test may start programs.
    const test = spawn(process.execPath, ['--test-reporter=tap', file], {
      env: { ...process.env, WITHOUT_RULE: rule }, stdio: ['ignore', 'pipe', 'ignore'], detached: true,
    })
    const stop = () => {
      clearTimeout(timeout)
      try { process.kill(-test.pid, 'SIGKILL') } catch { /* it has ended by itself */ }
    }
    const timeout = setTimeout(() => {
      resolve(true)
      stop()
    }, patience)
    let output = ''
    test.stdout.setEncoding('utf8').on('data', text => {
      output += text
      if (!/^ *not ok /m.test(output)) return
      resolve(true)
      stop()
    })
    test.on('error', reject)
    test.on('close', code => {
      clearTimeout(timeout)
      resolve(code !== 0)
    })
  })
}

async function readTests() {
  const folder = join(copy, 'test')
  const names = (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.test.js'))
  const isLate = name => /^(?:attacks|slow)/.test(name)
  names.sort((a, b) => isLate(a) - isLate(b))
  return Promise.all(names.map(async name => ({ file: join(folder, name), text: await readFile(join(folder, name), 'utf8') })))
}

/** The ids of the rules that some file besides those of the rules themselves names by their constants. */
async function checkedRules() {
  const source = join(copy, 'src')
  const files = (await readdir(source, { recursive: true })).filter(name => name.endsWith('.js'))
  const isRules = name => /[\\/]rules[\\/]/.test(name)
  const texts = await Promise.all(files.filter(name => !isRules(name)).map(name => readFile(join(source, name), 'utf8')))
  const used = new Set(texts.join('\n').match(/\b[A-Za-z]\w*\b/g))
  const modules = await Promise.all(files.filter(isRules).map(name => import(pathToFileURL(join(source, name)))))
  return new Set(modules.flatMap(Object.entries).filter(([name, rule]) => rule?.says && used.has(name)).map(([, rule]) => rule.id))
}
