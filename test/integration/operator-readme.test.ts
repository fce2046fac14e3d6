import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../settlement/data-folder.js'
import { LedgerProcess, ledgerCommand } from './ledger-process.js'

const README = new URL('../../../client-sdk/README.md', import.meta.url)
/** Inside the repository, so that the package names resolve as they do for a user. */
const HERE = fileURLToPath(new URL('.', import.meta.url))

test("OP-8 OP-9 OP-10 the code of the SDK's README issues an asset and changes the parameters", async (context) => {
  const folder = temporaryFolder(context)
  const [keys, data] = [join(folder, 'wallet.keys'), join(folder, 'ledger')]
  const made = await ledgerCommand('keys', keys, '--make', '--json')
  const { lock } = JSON.parse(made.stdout) as { lock: string }
  const coins = ['--allocate', `${lock}:0:90000`, '--allocate', `${lock}:0:90000`]
  const initialized = await ledgerCommand('init', '--data', data, '--asset', 'GBP:2:1', ...coins)
  assert.equal(initialized.code, 0, initialized.stderr)
  const node = await LedgerProcess.start(data, '--block-interval-ms', '5')
  context.after(() => node.kill())
  const env = {
    ...{ LEDGER: node.url, CHAIN: node.chainId, WORDS: readFileSync(keys, 'utf8').trim() },
    VALIDATOR_KEY: join(data, 'validator.key'),
  }
  const dir = join(HERE, `operator-readme-${process.pid}`)
  mkdirSync(dir, { recursive: true })
  context.after(() => rmSync(dir, { recursive: true, force: true }))
  const run = (name: string) => {
    const [, code] = new RegExp(`\`\`\`js file=${name}\n([\\s\\S]*?)\`\`\``).exec(text) ?? []
    assert.ok(code !== undefined, name)
    writeFileSync(join(dir, name), code)
    return execFileSync(process.execPath, [name], { cwd: dir, env, encoding: 'utf8' })
  }
  const text = readFileSync(README, 'utf8')
  assert.equal(run('issuer.mjs'), 'asset 1: 74100\n')
  assert.equal(run('validators.mjs'), 'awaits 0\nscheduled for 20000 blocks from then\n')
})
