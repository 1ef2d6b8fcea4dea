/**
 * The fault run: kills clients and servers at random moments and looks at what they leave behind.
 *
 *     node test/faults.mjs [KILLS] [SEED]
 *
 * A client that is killed leaves the old state or the new one, for its owner alone, and the next run works. A server that is
 * killed costs its clients their login, for its store is in memory, and nothing else; one that is asked to stop ends with 0.
 */
import { watch } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomFrom, startClient, startServer } from './program.mjs'

// Bare `node --test` runs every file below test/, with no argument; this is not for it.
if (process.env.NODE_TEST_CONTEXT !== undefined && process.argv[2] === undefined) process.exit(0)

const kills = Number(process.argv[2] ?? 200)
const seed = Number(process.argv[3] ?? 2026)
const random = randomFrom(seed)
const home = await mkdtemp(join(tmpdir(), 'mcp-faults-'))
const storage = '.mcp_clients.json'
const counts = { 'clients killed': 0, 'servers killed': 0, 'servers asked to stop': 0, 'states looked at': 0, 'runs after a kill': 0, 'leftovers of killed clients': 0 }
const faults = []
const begun = performance.now()

let server = await startServer()
try {
  await succeeds('--authorize', '--headless')
  const duration = await timed(() => succeeds('--refresh'))
  const clientKills = Math.ceil(kills * 0.6)
  for (let i = 0; i < clientKills; i++) await killClient(i, duration)
  await settles('after the last client')
  for (let i = 0; i < kills - clientKills; i++) await endServer(i)
  await settles('after the last server')
} finally {
  server.child.kill('SIGKILL')
  await rm(home, { recursive: true, force: true })
}
for (const [what, count] of Object.entries(counts)) console.log(`${String(count).padStart(6)}  ${what}`)
console.log(`${String(Math.round((performance.now() - begun) / 1000)).padStart(6)}  seconds, seed ${seed}`)
for (const fault of faults.slice(0, 20)) console.error(`FAULT ${fault}`)
console.log(faults.length === 0 ? 'Nothing is corrupted, nothing is half written, and every next run works.' : `${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1

/** Kills one of up to three clients at a moment of its run, and every fourth time lets another one run to its end. */
async function killClient(i, duration) {
  const commands = [['--refresh'], ['--list-tools'], ['--authorize', '--headless'], ['--register', '--headless']]
  const command = commands[Math.floor(random() * commands.length)]
  const { child, ended } = client(...command)
  const others = random() < 0.3 ? [client('--refresh')] : []
  // Half of the kills meet the few milliseconds in which the client writes.
  if (i % 2 === 0) await sleep(duration * (0.2 + random()))
  else await Promise.race([changed(1 + Math.floor(random() * 8)), ended])
  child.kill('SIGKILL')
  await ended
  counts['clients killed']++
  for (const other of others) check((await other.ended).code === 0, `kill ${i}: the client beside it fails: ${(await other.ended).output}`)
  await look(`kill ${i} of ${command[0]}`)
  if (i % 4 === 3) await succeeds('--list-tools')
}

/** Waits for so many changes in the folder. */
function changed(times) {
  return new Promise(resolve => {
    const watcher = watch(home, () => {
      if (--times > 0) return
      watcher.close()
      resolve()
    })
    setTimeout(() => { watcher.close(); resolve() }, 3000).unref()
  })
}

/** Ends the server under load, by force or not, and starts another in its place. */
async function endServer(i) {
  const force = i % 2 === 0
  const load = [client('--refresh'), client('--list-tools')]
  await sleep(400 * random())
  const asked = performance.now()
  server.child.kill(force ? 'SIGKILL' : 'SIGTERM')
  counts[force ? 'servers killed' : 'servers asked to stop']++
  const { code } = await server.exited
  if (!force) check(code === 0 && performance.now() - asked < 8000, `stop ${i}: the server ends with ${code} after ${performance.now() - asked} ms`)
  for (const { ended } of load) {
    const { code, output } = await ended
    check([0, 3, 4, 6].includes(code) && !/bug in the client|node:internal/.test(output), `server ${i}: a client ends with ${code}: ${output}`)
  }
  server = await startServer()
  await look(`server ${i}`)
  if (i % 4 === 3) await succeeds('--authorize', '--headless')
}

/** One more change of the storage, and then nothing is beside it. */
async function settles(when) {
  await succeeds('--authorize', '--headless')
  await succeeds('--refresh')
  const names = await readdir(home)
  check(names.length === 1 && names[0] === storage, `${when}: the folder holds ${names.join(' ')}`)
}

async function look(when) {
  counts['states looked at']++
  const names = await readdir(home)
  counts['leftovers of killed clients'] += names.filter(name => name !== storage).length
  check(!names.some(name => name.includes('corrupt')), `${when}: the storage was set aside`)
  check(names.length <= 6, `${when}: leftovers pile up: ${names.join(' ')}`)
  try {
    const { registrations, servers } = JSON.parse(await readFile(join(home, storage), 'utf8'))
    check(registrations && Object.values(servers).every(({ access_token, issuer }) => access_token && issuer), `${when}: half a state`)
    check(((await stat(join(home, storage))).mode & 0o777) === 0o600, `${when}: others can read the storage`)
  } catch (error) {
    check(false, `${when}: the storage cannot be read: ${error.message}`)
  }
}

function client(...command) {
  return startClient(home, '--server-url', server.url, ...command)
}

async function succeeds(...command) {
  const { code, output } = await client(...command).ended
  counts['runs after a kill']++
  check(code === 0, `${command[0]} ends with ${code}: ${output}`)
}

async function timed(work) {
  const from = performance.now()
  await work()
  return performance.now() - from
}

function check(condition, fault) {
  if (!condition) faults.push(fault)
}
