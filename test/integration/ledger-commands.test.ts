import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryFolder } from '../settlement/data-folder.js'
import { ask } from '../settlement/node-on-disk.js'
import { testSigner } from '../settlement/test-ledger.js'
import { LedgerProcess, ledgerCommand } from './ledger-process.js'

const LOCK = 'ab'.repeat(32)
const NEW = ['--network', 'test', '--asset', 'GBP:2:1', '--asset', 'TOY:0:0'] as const

describe('the ledger command', () => {
  test('init makes a key for its owner alone and a genesis that another folder can share', async (context) => {
    const [first, second] = [temporaryFolder(context), temporaryFolder(context)]
    const allocate = ['--allocate', `${LOCK}:0:9223372036854775807`]
    const made = await ledgerCommand('init', '--data', first, ...NEW, ...allocate, '--json')
    assert.equal(made.code, 0, made.stderr)
    const { chain_id } = JSON.parse(made.stdout) as { chain_id: string }
    assert.equal(statSync(join(first, 'validator.key')).mode & 0o777, 0o600)
    const genesis = join(first, 'genesis.json')
    const shared = await ledgerCommand('init', '--data', second, '--genesis', genesis, '--json')
    assert.equal((JSON.parse(shared.stdout) as { chain_id: string }).chain_id, chain_id)
    assert.equal(readFileSync(join(second, 'genesis.json'), 'utf8'), readFileSync(genesis, 'utf8'))
    await assert.rejects(LedgerProcess.start(second), /tip_unconfirmed/)
    const accepted = await ledgerCommand('accept-tip', '--data', second, '--at-least', '0')
    assert.equal(accepted.code, 0, accepted.stderr)
    // The other folder's key is none of the validators.
    await assert.rejects(LedgerProcess.start(second), /not_a_validator/)
  })

  test('init names an issuer and the version of the rules, and its file says the same', async (context) => {
    const [first, second] = [temporaryFolder(context), temporaryFolder(context)]
    const issuer = testSigner(60).publicKey
    const options = ['--asset', `GBP:2:1:${issuer}`, '--protocol-version', '1']
    const made = await ledgerCommand('init', '--data', first, ...options, '--json')
    assert.equal(made.code, 0, made.stderr)
    const genesis = join(first, 'genesis.json')
    const file = JSON.parse(readFileSync(genesis, 'utf8')) as Record<string, unknown>
    const asset = { code: 'GBP', decimals: 2, fee_per_kilo_cost: 1, issuer }
    assert.deepEqual(file['assets'], [asset])
    assert.equal((file['parameters'] as Record<string, unknown>)['protocol_version'], 1)
    const shared = await ledgerCommand('init', '--data', second, '--genesis', genesis, '--json')
    const chainOf = ({ stdout }: { stdout: string }) =>
      (JSON.parse(stdout) as { chain_id: string }).chain_id
    assert.equal(chainOf(shared), chainOf(made))
    const odd = await ledgerCommand('init', '--data', first, '--asset', 'GBP:2:1:ab')
    assert.match(odd.stderr, /CODE:DECIMALS/)
  })

  test('init refuses, by name, what no ledger can start from', async (context) => {
    const dataDir = temporaryFolder(context)
    const refused: readonly (readonly [why: RegExp, options: readonly string[]])[] = [
      [/genesis_unusable.*no asset takes fees/, ['--asset', 'TOY:0:0']],
      [/genesis_unusable/, []],
      [/genesis_unusable.*version 3/, ['--asset', 'GBP:2:1', '--protocol-version', '3']],
      [/genesis_unusable.*no asset 1/, ['--asset', 'GBP:2:1', '--allocate', `${LOCK}:1:5`]],
      [
        /genesis_unusable.*2\^63-1/,
        [
          ...['--asset', 'GBP:2:1', '--allocate', `${LOCK}:0:9223372036854775807`],
          ...['--allocate', `${LOCK}:0:1`],
        ],
      ],
      [/LOCKHEX:ASSET:AMOUNT/, ['--allocate', `${LOCK}:0:9223372036854775808`]],
      [/CODE:DECIMALS/, ['--asset', 'GBP']],
      [/genesis_unusable/, ['--genesis', join(dataDir, 'nothing.json')]],
      [/'--genesis <file>' cannot be used with option '--network/, ['--genesis', 'x', ...NEW]],
      [/'--genesis <file>' cannot.*'--time-step/, ['--genesis', 'x', '--time-step', '3']],
    ]
    for (const [why, options] of refused) {
      const { code, stderr } = await ledgerCommand('init', '--data', dataDir, ...options)
      assert.equal(code, 1, options.join(' '))
      assert.match(stderr, why)
    }
    assert.deepEqual(readdirSync(dataDir), [], 'what fails leaves nothing behind')
    assert.equal((await ledgerCommand('init', '--data', dataDir, ...NEW)).code, 0)
    const again = await ledgerCommand('init', '--data', dataDir, ...NEW)
    assert.match(again.stderr, /^already_initialized/)
  })

  test('INV-44 run is refused by name while another process has the folder', async (context) => {
    const dataDir = temporaryFolder(context)
    await ledgerCommand('init', '--data', dataDir, ...NEW)
    const node = await LedgerProcess.start(dataDir)
    context.after(() => node.kill())
    await assert.rejects(LedgerProcess.start(dataDir), /\nstore_in_use: |^Error: store_in_use: /)
    assert.equal((await ask(node.url, '/v1/status')).status, 200)
    assert.equal(await node.stop(), 0)
    const next = await LedgerProcess.start(dataDir)
    assert.equal(next.chainId, node.chainId)
    assert.equal(await next.stop('SIGINT'), 0)
  })

  test('run without a ledger in the folder says so; status shows a running one', async (context) => {
    const dataDir = temporaryFolder(context)
    await assert.rejects(LedgerProcess.start(dataDir), /genesis_unusable/)
    await ledgerCommand('init', '--data', dataDir, ...NEW)
    const node = await LedgerProcess.start(dataDir)
    context.after(() => node.kill())
    const { stdout } = await ledgerCommand('status', '--url', node.url)
    assert.match(stdout, /^network {2}test\nchain {4}[0-9a-f]{64}\nheight {3}1\n/)
    const json = await ledgerCommand('status', '--url', `${node.url}/`, '--json')
    assert.equal((JSON.parse(json.stdout) as { chain_id: string }).chain_id, node.chainId)
    await node.stop()
    assert.equal((await ledgerCommand('status', '--url', node.url)).code, 1)
  })

  test('INV-51 nothing that a node says holds its key', async (context) => {
    const dataDir = temporaryFolder(context)
    const made = await ledgerCommand('init', '--data', dataDir, ...NEW)
    const seed = readFileSync(join(dataDir, 'validator.key'), 'utf8').trim()
    const path = join(dataDir, 'genesis.json')
    assert.ok(!`${made.stdout}${made.stderr}${readFileSync(path, 'utf8')}`.includes(seed))
    const node = await LedgerProcess.start(dataDir)
    context.after(() => node.kill())
    const answers = await Promise.all(
      ['status', 'genesis', 'headers/latest', 'blocks/1', 'parameters'].map((where) =>
        ask(node.url, `/v1/${where}`),
      ),
    )
    assert.ok(!JSON.stringify(answers).includes(seed))
  })
})
