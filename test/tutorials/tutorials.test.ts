import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startTestNetwork } from '../integration/test-network.js'
import { Playing } from './play-document.js'

/** Seen from the compiled file. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** Inside the repository, so that the package names resolve as they do for a reader. */
const HERE = fileURLToPath(new URL('.', import.meta.url))
const INDEX = 'docs/tutorials/README.md'

const TUTORIALS = readdirSync(join(ROOT, 'docs/tutorials'))
  .filter((file) => /^\d\d-/.test(file))
  // Played beside a browser: test/browser.
  .filter((file) => file !== '07-browser.md')
  .map((file) => `docs/tutorials/${file}`)

/** Documents that have such code under one heading. */
const EXAMPLES = [['client-sdk/README.md', 'The smallest example']] as const

test('the tutorials run as they stand, and print what they say', {
  concurrency: 3,
}, async (t) => {
  const documents = [...TUTORIALS.map((path) => [path, undefined] as const), ...EXAMPLES]
  const network = await startTestNetwork(
    t,
    documents.map(([path]) => path),
  )
  const dir = join(HERE, `played-${process.pid}`)
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  await Promise.all(
    documents.map(([path, section], i) =>
      t.test(path, async (t) => {
        const bankWords = network.wordsOf(path)
        const playing = Playing.begin(network, { dir: join(dir, `${i}`), bankWords })
        t.after(() => playing.stop())
        if (section === undefined) await playing.document(INDEX)
        await playing.document(path, section)
      }),
    ),
  )
})
