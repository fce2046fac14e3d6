import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { progress } from '../benchmark.js'

/** Somebody else's hub, as its registry packages are. */
export type InstalledPeer = {
  /** The folder that holds its `node_modules`. */
  readonly dir: string
  /** What was asked for, by package. */
  readonly versions: Readonly<Record<string, string>>
}

/**
 * Installs what `peers/NAME/package.json` names into `dir`, a new folder outside of this repository, so
 * that no package of a peer is ever among ours. Needs npm and its registry; runs no install script.
 */
export function installPeer(name: string, dir: string): InstalledPeer {
  // Seen from the compiled file; the list of packages is not compiled.
  const list = fileURLToPath(new URL(`../../../bench/peers/${name}/package.json`, import.meta.url))
  mkdirSync(dir, { recursive: true })
  copyFileSync(list, join(dir, 'package.json'))
  const { dependencies } = JSON.parse(readFileSync(list, 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>
  }
  const wanted = Object.entries(dependencies).map(([of, version]) => `${of}@${version}`)
  progress(`installing ${wanted.join(', ')} into ${dir}`)
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel', 'error']
  const { status, error, stderr } = spawnSync('npm', ['install', '--ignore-scripts', ...quiet], {
    cwd: dir,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${name} was not installed: ${error?.message ?? stderr}`)
  return { dir, versions: dependencies }
}
