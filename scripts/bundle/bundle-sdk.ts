import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** Where the file lies, under the root of the repository. */
const BUNDLE = 'client-sdk/dist/tallystick.js'

/** Everything that the SDK exports for browsers, with the rules that it stands on. */
const ENTRY = [
  "export * from '@tallystick/client-sdk'",
  "export * from '@tallystick/client-sdk/browser'",
  "export * from '@tallystick/protocol'",
].join('\n')

/** What browsers have to know: what `AbortSignal.any` and Web Locks need is as new. */
const TARGETS = ['chrome117', 'firefox124', 'safari17.4']

/** A bundle that was written: its path under the root, its size, the modules in it by their paths, and what it imports. */
export type Bundle = {
  readonly path: string
  readonly bytes: number
  readonly gzipBytes: number
  readonly modules: readonly string[]
  readonly imports: readonly string[]
}

/** Makes one ES module of the compiled SDK, with its source map beside it. Throws what the bundler finds wrong. */
export async function bundleSdk(root: string): Promise<Bundle> {
  const path = join(root, BUNDLE)
  const { metafile } = await build({
    stdin: { contents: ENTRY, resolveDir: join(root, 'client-sdk') },
    absWorkingDir: root,
    outfile: path,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: TARGETS,
    minify: true,
    sourcemap: 'linked',
    metafile: true,
    logLevel: 'warning',
  })
  const code = await readFile(path)
  return {
    ...{ path: BUNDLE, bytes: code.length, gzipBytes: gzipSync(code, { level: 9 }).length },
    modules: Object.keys(metafile.inputs),
    imports: Object.values(metafile.outputs).flatMap(({ imports }) =>
      imports.map(({ path }) => path),
    ),
  }
}
