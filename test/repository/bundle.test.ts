import assert from 'node:assert/strict'
import { isBuiltin } from 'node:module'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { bundleSdk } from '#scripts/bundle/bundle-sdk.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

test('the one file of the SDK for browsers has no Node built-ins, nothing for Node alone, and no imports', async () => {
  // A bundler for browsers fails on what is built into Node; what is written for Node is not even looked at.
  const { modules, imports } = await bundleSdk(ROOT)
  assert.deepEqual(imports, [])
  assert.deepEqual(
    modules.filter(
      (path) =>
        isBuiltin(path) ||
        /-node\.js$|\/node\/|node_modules\/(ws|sqlite3|sodium-native)\//.test(path),
    ),
    [],
  )
  for (const path of ['hex-portable', 'sha256-noble', 'ed25519-noble', 'open-browser-wallet']) {
    assert.ok(
      modules.some((module) => module.endsWith(`/${path}.js`)),
      path,
    )
  }
})
