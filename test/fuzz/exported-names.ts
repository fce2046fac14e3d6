import { readdirSync, readFileSync } from 'node:fs'

const PACKAGES = [
  'protocol',
  'settlement',
  'hub',
  'watchtower',
  'client-sdk',
  'daemon',
  'wallet',
] as const

/** Something that a source file exports. */
export type ExportedName = {
  readonly name: string
  /** Where it is, for people: `protocol/src/ledger/lock.ts`. */
  readonly where: string
  /** Its value, from the compiled file. */
  load(): Promise<unknown>
}

/** What `pattern` finds in the sources of all packages; its first group is the name. */
export function exportedNames(pattern: RegExp): readonly ExportedName[] {
  return PACKAGES.flatMap((folder) => {
    // Seen from the compiled file.
    const sources = new URL(`../../../${folder}/src/`, import.meta.url)
    return readdirSync(sources, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .sort()
      .flatMap((file) =>
        namesIn(folder, file, readFileSync(new URL(file, sources), 'utf8'), pattern),
      )
  })
}

function namesIn(folder: string, file: string, text: string, pattern: RegExp): ExportedName[] {
  const compiled = `#${folder}/${file.replace(/\.ts$/, '.js')}`
  return [...text.matchAll(pattern)].map(([, name = '']) => ({
    name,
    where: `${folder}/src/${file}`,
    load: async () => {
      const module: Readonly<Record<string, unknown>> = await import(compiled)
      return module[name]
    },
  }))
}
