import { spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * A build with a deliberate defect: the compiled workspaces are copied, one place of their JavaScript
 * is replaced, and a script runs in the copy in a process of its own. The production code has no
 * switches for this, and the build that it was made from stays as it is. tsc keeps nearly all of a
 * source as it stands, so a patch reads like a change of that.
 */

/** Seen from the compiled file. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** What a process needs of a build: no declarations, no source maps. */
const COPIED = new Set(['', '.js', '.json'])

/** One replacement in the compiled form of one source file. */
export type Edit = {
  /** The source, from the root of the clone: `protocol/src/channel/settlement.ts`, `test/x.ts`. */
  readonly file: string
  /** Text that its compiled form holds exactly once. */
  readonly find: string
  readonly replace: string
}

/** A deliberate defect. */
export type Patch = Edit & {
  readonly name: string
  /** The rule that it breaks, by its id in docs/protocol.md or its number in docs/security.md. */
  readonly rule: string
}

/** What a script in a patched build came to. */
export type PatchedRun = {
  /** Its exit code; `null`: it was ended by a signal, as it is when its time is over. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export type PatchedBuild = {
  /** The root of the copy; it has the folders of the clone. */
  readonly root: string
  /**
   * Runs a compiled script of the copy, named from its root (`test/dist/explorer/run.js`), with
   * these arguments, for at most `timeoutMs`. `nodeOptions` come before the script.
   */
  readonly run: (
    script: string,
    args: readonly string[],
    options: { readonly timeoutMs: number; readonly nodeOptions?: readonly string[] },
  ) => Promise<PatchedRun>
  /** Deletes the copy. */
  readonly remove: () => void
}

/**
 * A copy of the build with `edits` applied, in a new folder below the system's own for temporary
 * files. Throws, and leaves nothing behind, if the text of an edit is not there exactly once: so a
 * list of patches cannot rot unseen.
 */
export function makePatchedBuild(edits: readonly Edit[]): PatchedBuild {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'tallystick-patched-')))
  const remove = () => rmSync(root, { recursive: true, force: true })
  try {
    copyBuild(root)
    for (const edit of edits) applyEdit(root, edit)
  } catch (error) {
    remove()
    throw error
  }
  return {
    root,
    remove,
    run: (script, args, { timeoutMs, nodeOptions = [] }) =>
      runScript([...nodeOptions, join(root, script), ...args], root, timeoutMs),
  }
}

/** Workspaces as they are built, other packages by links to where they are installed. */
function copyBuild(root: string): void {
  const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly workspaces: readonly string[]
  }
  cpSync(join(ROOT, 'package.json'), join(root, 'package.json'))
  // An example is no part of what is built.
  const built = workspaces.filter((folder) => existsSync(join(ROOT, folder, 'dist')))
  for (const folder of [...built, 'scripts', 'test']) {
    mkdirSync(join(root, folder), { recursive: true })
    cpSync(join(ROOT, folder, 'dist'), join(root, folder, 'dist'), {
      recursive: true,
      // A bundle holds a copy of what is patched: a command without its patch would prove nothing.
      filter: (path) => COPIED.has(extname(path)) && basename(path) !== 'command',
    })
  }
  const installed = join(root, 'node_modules')
  mkdirSync(join(installed, '@tallystick'), { recursive: true })
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name === '@tallystick') continue
    symlinkSync(join(ROOT, 'node_modules', name), join(installed, name))
  }
  for (const folder of built) copyPackage(root, folder)
}

/** What makes a workspace a package: its manifest, its commands, and a name to import it by. */
function copyPackage(root: string, folder: string): void {
  const manifest = readFileSync(join(ROOT, folder, 'package.json'), 'utf8')
  writeFileSync(join(root, folder, 'package.json'), manifest)
  const commands = join(ROOT, folder, 'bin')
  if (existsSync(commands)) cpSync(commands, join(root, folder, 'bin'), { recursive: true })
  const { name } = JSON.parse(manifest) as { readonly name: string }
  symlinkSync(join(root, folder), join(root, 'node_modules', name))
}

/** How many places of the build an edit is about; a patch is of one. */
export function placesOf({ file, find }: Edit, root = ROOT): number {
  return readFileSync(join(root, compiledPath(file)), 'utf8').split(find).length - 1
}

function applyEdit(root: string, { file, find, replace }: Edit): void {
  const path = join(root, compiledPath(file))
  const text = readFileSync(path, 'utf8')
  const found = placesOf({ file, find, replace }, root)
  if (found !== 1) throw new Error(`${file} has ${found} places, not one, like: ${find}`)
  // A function, because a replacement text may hold what `replace` gives a meaning to, as `$&`.
  writeFileSync(
    path,
    text.replace(find, () => replace),
  )
}

/** Where tsc puts `protocol/src/a/b.ts` or `test/a/b.ts`. */
function compiledPath(file: string): string {
  const [workspace = '', ...inside] = file.replace(/\.ts$/, '.js').split('/')
  return join(workspace, 'dist', ...(inside[0] === 'src' ? inside.slice(1) : inside))
}

function runScript(args: readonly string[], cwd: string, timeoutMs: number): Promise<PatchedRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, timeout: timeoutMs, killSignal: 'SIGKILL' })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
}
