import assert from 'node:assert/strict'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { temporaryFolder } from '../settlement/data-folder.js'
import { paymentOf } from '../settlement/node-on-disk.js'
import { LedgerProcess, ledgerCommand } from './ledger-process.js'

const jsonOf = (text: string) => JSON.parse(text) as Record<string, unknown>

/** A ledger on which a fresh key file has two coins of 10,000. */
async function fundedKeys(context: TestContext) {
  const folder = temporaryFolder(context)
  const keys = join(folder, 'wallet.keys')
  const made = await ledgerCommand('keys', keys, '--make', '--json')
  assert.equal(made.code, 0, made.stderr)
  const { lock, public_key: key } = jsonOf(made.stdout)
  const coin = ['--allocate', `${lock}:0:10000`]
  const genesis = ['--network', 'test', '--asset', 'GBP:2:1', ...coin, ...coin]
  const data = join(folder, 'ledger')
  const initialized = await ledgerCommand('init', '--data', data, ...genesis)
  assert.equal(initialized.code, 0, initialized.stderr)
  const node = await LedgerProcess.start(data, '--block-interval-ms', '5')
  context.after(() => node.kill())
  const at = ['--url', node.url, '--chain-id', node.chainId]
  return { folder, keys, lock: String(lock), key: String(key), node, at, made: made.stdout }
}

describe('the commands that use a ledger', () => {
  test('KEY-2 keys makes words for their owner alone, and shows them only when asked', async (context) => {
    const path = join(temporaryFolder(context), 'wallet.keys')
    const made = await ledgerCommand('keys', path, '--make')
    assert.match(made.stdout, /^key {3}[0-9a-f]{64}\nlock {2}[0-9a-f]{64}\n$/)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    const words = readFileSync(path, 'utf8').trim()
    assert.equal(words.split(' ').length, 24)
    assert.equal((await ledgerCommand('keys', path)).stdout, made.stdout)
    const shown = await ledgerCommand('keys', path, '--words', '--json')
    assert.equal(jsonOf(shown.stdout)['words'], words)
    const again = await ledgerCommand('keys', path, '--make')
    assert.match(again.stderr, /^key_file_exists/)
    assert.equal(readFileSync(path, 'utf8').trim(), words)
    chmodSync(path, 0o640)
    assert.match((await ledgerCommand('keys', path)).stderr, /^key_file_unusable.*0600/)
  })

  test('KEY-2 the words that everybody knows lead to the key that every wallet finds', async (context) => {
    const path = join(temporaryFolder(context), 'wallet.keys')
    writeFileSync(path, `${'abandon '.repeat(11)}about\n`, { mode: 0o600 })
    const { stdout } = await ledgerCommand('keys', path, '--json')
    assert.equal(
      jsonOf(stdout)['public_key'],
      '510b3c3bad947f38fd7173d62473b45aed0be7de64053b5cdaa12798a49cda09',
    )
    writeFileSync(path, `${'abandon '.repeat(11)}abandon\n`, { mode: 0o600 })
    const wrong = await ledgerCommand('keys', path)
    assert.match(wrong.stderr, /^key_file_unusable/)
    assert.ok(!wrong.stderr.includes('abandon'))
  })

  test('send tells the fee before it sends, and waits for a verified block', async (context) => {
    const { keys, at, key } = await fundedKeys(context)
    const payment = ['send', ...at, '--keys', keys, '--to-lock', 'ab'.repeat(32)]
    const asked = await ledgerCommand(...payment, '--amount', '700')
    assert.equal(asked.code, 1)
    assert.match(asked.stderr, /^not_confirmed: .*700 of asset 0 to (ab){32}, fee 1 of asset 0/)
    const sent = await ledgerCommand(...payment, '--amount', '700', '--yes', '--json')
    assert.equal(sent.code, 0, sent.stderr)
    const facts = jsonOf(sent.stdout)
    assert.deepEqual([facts['amount'], facts['fee']], ['700', '1'])
    const proof = await ledgerCommand('proof', 'coin', `${facts['id']}:0`, ...at, '--json')
    const { amount } = jsonOf(proof.stdout)['value'] as { amount: string }
    assert.equal(amount, '700')
    const missing = await ledgerCommand(...payment, '--amount', '90000', '--yes')
    assert.deepEqual([missing.code, missing.stderr.split(':')[0]], [1, 'insufficient_funds'])
    const two = await ledgerCommand(...payment, '--to-key', key, '--amount', '1', '--yes')
    assert.match(two.stderr, /^receiver_missing/)
  })

  test('TX-3 payments that are alike are as many as are told to be sent', async (context) => {
    const { keys, at } = await fundedKeys(context)
    const payment = ['send', ...at, '--keys', keys, '--to-lock', 'ab'.repeat(32)]
    const sent = await Promise.all(
      [1, 2, 3].map(() => ledgerCommand(...payment, '--amount', '7', '--yes', '--json')),
    )
    const paid = sent.filter(({ code }) => code === 0).map(({ stdout }) => jsonOf(stdout)['id'])
    assert.ok(paid.length > 0)
    assert.equal(new Set(paid).size, paid.length, 'each is a transaction of its own')
    // The others meant the same coin, and are refused by the rules.
    for (const { code } of sent) assert.ok(code === 0 || code === 2)
  })

  test('proof says what is proved of every kind of entry, and by whom', async (context) => {
    const { at, node } = await fundedKeys(context)
    const hash = 'ab'.repeat(32)
    for (const [exists, ...entry] of [
      [true, 'parameters'],
      [true, 'asset', '0'],
      [false, 'asset', '9'],
      [true, 'coin', `${node.chainId}:0`],
      [false, 'coin', `${hash}:0`],
      [false, 'channel', '0'],
      [true, 'channelCount'],
      [false, 'reveal', hash],
      [false, 'revealStep', `${hash}:0`],
    ] as const) {
      const { stdout, stderr } = await ledgerCommand('proof', ...entry, ...at, '--json')
      assert.equal(jsonOf(stdout || '{}')['exists'], exists, `${entry.join(' ')}: ${stderr}`)
    }
    const said = await ledgerCommand('proof', 'channel', '0', ...at)
    assert.match(said.stdout, /^there is no channel 0\nin the state after block \d+ /)
    assert.match(said.stdout, /at least 1 of 1 validators in force signed\n$/)
    const other = await ledgerCommand('proof', 'parameters', '--url', node.url, '--chain-id', hash)
    assert.deepEqual([other.code, other.stderr.split(':')[0]], [1, 'wrong_genesis'])
    assert.match((await ledgerCommand('proof', 'coin', '7', ...at)).stderr, /^entry_unknown/)
  })

  test('API-9 trace shows the rule that refuses, and ends with 2', async (context) => {
    const { folder, node } = await fundedKeys(context)
    // A coin of somebody else.
    const { hex } = paymentOf(node.chainId, 0)
    const traced = await ledgerCommand('trace', hex, '--url', node.url)
    assert.equal(traced.code, 2, traced.stderr)
    assert.match(
      traced.stdout,
      /\npassed {6}TX-5 {3}input 0\nfailed {6}LOCK-2 input 0 {2}lock_mismatch: /,
    )
    const path = join(folder, 'transaction.hex')
    writeFileSync(path, `${hex}\n`)
    const fromFile = await ledgerCommand('trace', path, '--url', node.url, '--json')
    assert.equal(jsonOf(fromFile.stdout)['outcome'], 'failed')
    const malformed = await ledgerCommand('trace', 'abcd', '--url', node.url)
    assert.deepEqual([malformed.code, malformed.stderr.split(':')[0]], [2, 'malformed'])
    const secret = join(folder, 'secret.words')
    writeFileSync(secret, 'toss treat half hammer\n')
    const kept = await ledgerCommand('trace', secret, '--url', 'http://127.0.0.1:1')
    assert.deepEqual([kept.code, kept.stderr.split(':')[0]], [2, 'malformed'], 'INV-51 not sent')
    const nothing = await ledgerCommand('trace', join(folder, 'none'), '--url', node.url)
    assert.match(nothing.stderr, /^transaction_unreadable/)
  })
})
