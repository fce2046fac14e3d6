import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Kind, Victim } from './victim.js'

/** The most memory that a process of a kind was seen to have, megabytes. */
export class MemoryPeaks {
  readonly peaks: Record<Kind, number> = { hub: 0, ledger: 0, tower: 0, wallet: 0 }

  /** Looks at all that run now. */
  look(victims: readonly Victim[]): void {
    for (const { kind, process } of victims) {
      const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(process.pid)])
      const megabytes = Math.round(Number(stdout) / 1_024)
      if (megabytes > this.peaks[kind]) this.peaks[kind] = megabytes
    }
  }
}

/** The files under a folder and what each takes, kilobytes. */
export function fileSizes(folder: string): Readonly<Record<string, number>> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name)
      return [relative(folder, path), Math.ceil(statSync(path).size / 1_024)]
    }),
  )
}
