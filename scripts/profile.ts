import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { Command } from 'commander'

/** What V8 writes at the end of a process that ran with `--cpu-prof`. */
type CpuProfile = {
  readonly nodes: readonly ProfileNode[]
  /** Node that ran at each sample, and microseconds since the sample before. */
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}
type ProfileNode = {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string }
  readonly children?: readonly number[]
}

/** Of our own code: compiled files of a workspace. */
const OWN = /\/(protocol|client-sdk|settlement|hub|watchtower|wallet|test|scripts)\/dist\/(.+)\.js$/
const IDLE = '(idle)'
/** What V8 names itself, and is nobody's of ours. */
const ENGINE = new Set([IDLE, '(program)', '(garbage collector)'])

const program = new Command('profile')
  .description(
    'Show where the time of a CPU profile went: by the function of ours that was nearest',
  )
  .argument('<file>', 'a .cpuprofile, as `bench --profile` leaves them')
  .option('--last-ms <n>', 'only so many milliseconds at its end; absent: all')
  .option('--by <what>', 'function or file', 'function')
  .option('--top <n>', 'lines', '40')
  .parse()

const [path = ''] = program.args
const { lastMs, by, top } = program.opts<{ lastMs?: string; by: string; top: string }>()
const profile = JSON.parse(readFileSync(path, 'utf8')) as CpuProfile
const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
const parents = new Map(
  profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
)
const names = new Map<number, string>()

let left = profile.timeDeltas.reduce((sum, delta) => sum + delta, 0)
const spent = new Map<string, number>()
for (const [i, node] of profile.samples.entries()) {
  const delta = profile.timeDeltas[i] ?? 0
  if (lastMs === undefined || left <= Number(lastMs) * 1_000) {
    spent.set(ownerOf(node), (spent.get(ownerOf(node)) ?? 0) + delta)
  }
  left -= delta
}
const idle = spent.get(IDLE) ?? 0
spent.delete(IDLE)
const busy = [...spent.values()].reduce((sum, time) => sum + time, 0)
const lines = [...spent].toSorted(([, a], [, b]) => b - a).slice(0, Number(top))
process.stdout.write(
  [
    `${basename(path)}: busy ${(busy / 1_000).toFixed(0)} ms, idle ${(idle / 1_000).toFixed(0)} ms`,
    ...lines.map(([name, time]) => `${((100 * time) / busy).toFixed(1).padStart(5)} %  ${name}`),
    '',
  ].join('\n'),
)

/** Who is to blame for what a node did: the nearest function of ours on the way to it. */
function ownerOf(id: number): string {
  const known = names.get(id)
  if (known !== undefined) return known
  const name = nameOf(id) ?? ownerOfParent(id)
  names.set(id, name)
  return name
}

function ownerOfParent(id: number): string {
  const parent = parents.get(id)
  return parent === undefined ? '(Node)' : ownerOf(parent)
}

function nameOf(id: number): string | undefined {
  const { functionName = '', url = '' } = nodes.get(id)?.callFrame ?? {}
  if (ENGINE.has(functionName)) return functionName
  const [, workspace, file] = OWN.exec(url) ?? []
  if (workspace === undefined) return undefined
  const place = `${workspace}/${file}`
  return by === 'file' ? place : `${functionName || '(anonymous)'}  ${place}`
}
