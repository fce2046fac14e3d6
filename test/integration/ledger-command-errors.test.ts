import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { temporaryFolder } from '../settlement/data-folder.js'
import { paymentOf } from '../settlement/node-on-disk.js'
import { ledgerCommand } from './ledger-process.js'
import { startLedger } from './start-ledger.js'

/** A server that answers everything with `body`; its address. */
async function serverOf(context: TestContext, status: number, body: string): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status).end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(() => server.closeAllConnections())
  context.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What a command fails with, which it tells twice: for people, and as one JSON object. */
async function failure(...args: readonly string[]) {
  const { code: exit, stdout, stderr } = await ledgerCommand(...args, '--json')
  assert.equal(stdout.trimEnd().split('\n').length, 1, `one line: ${stdout}`)
  const told = JSON.parse(stdout) as { error: { code: string; detail: string } }
  assert.deepEqual(Object.keys(told), ['error'])
  assert.deepEqual(Object.keys(told.error), ['code', 'detail'])
  const { code, detail } = told.error
  assert.ok(stderr.endsWith(`${code}: ${detail}\n`), stderr)
  // No text of a library: of Zod, of fetch, of the file system, of a thrown TypeError.
  assert.doesNotMatch(stdout, /ENOENT|EACCES|Failed to parse|invalid_type|TypeError|fetch failed/)
  return { exit, code, detail }
}

describe('with --json a command that fails prints one object with the error', () => {
  test('when it is asked for wrongly', async (context) => {
    const folder = temporaryFolder(context)
    const commands: readonly (readonly [says: RegExp, ...args: string[]])[] = [
      [/'notaurl' is invalid. an address like http/, 'status', '--url', 'notaurl'],
      [/'ftp:..x' is invalid. an address like http/, 'send', '--url', 'ftp://x'],
      [/'x' is invalid/, 'proof', 'coin', '--url', 'x'],
      [/'x' is invalid/, 'trace', 'ab', '--url', 'x'],
      [/required option '--data <dir>' not specified/, 'run'],
      [/unknown command 'stat'.*status/, 'stat'],
      [/unknown option '--nothing'/, 'keys', '--nothing'],
      [/missing required argument 'file'/, 'keys'],
      [/exactly one of --url and --archive is due/, 'trace', 'ab'.repeat(40)],
      [
        /--height and --chain-id are for --archive/,
        ...['trace', 'ab'.repeat(40), '--url', 'http://127.0.0.1:1', '--height', '3'],
      ],
      [/--data or --from is due/, 'archive', '--out', folder],
    ]
    for (const [says, ...args] of commands) {
      const { exit, code, detail } = await failure(...args)
      assert.deepEqual([exit, code], [1, 'usage'], args.join(' '))
      assert.match(detail, says)
    }
    const bare = await ledgerCommand()
    assert.deepEqual([bare.code, bare.stdout], [1, ''])
    assert.match(bare.stderr, /^Usage: ledger [\s\S]*\nusage: a command is due\n$/)
  })

  test('when nobody answers, or somebody who is no node', async (context) => {
    const questions = (url: string) => [
      ['status', '--url', url],
      ['trace', 'ab'.repeat(32), '--url', url],
      ['proof', 'parameters', '--url', url],
    ]
    for (const args of questions('http://127.0.0.1:1')) {
      const { exit, code, detail } = await failure(...args)
      assert.deepEqual([exit, code], [1, 'ledger_unreachable'], args.join(' '))
      assert.match(detail, /(does|did) not answer/)
    }
    const answers = [
      [200, '{}'],
      [200, '[]'],
      [200, 'null'],
      [200, '<html>hello</html>'],
      [404, 'nothing here'],
      [400, '{"code":7}'],
      [302, 'elsewhere'],
      [200, '{"network":"x","chain_id":"y","height":1,"time":1e300,"mempool_transactions":0}'],
    ] as const
    for (const [status, body] of answers) {
      const url = await serverOf(context, status, body)
      for (const args of questions(url)) {
        const { exit, code } = await failure(...args)
        assert.deepEqual([exit, code], [1, 'ledger_answer_malformed'], `${args[0]}: ${body}`)
      }
    }
    const empty = await failure('status', '--url', await serverOf(context, 200, '{}'))
    assert.match(
      empty.detail,
      /^the answer of http.*\/v1\/status is not that of a ledger node: network is missing or /,
    )
  })

  test('when a file or an address cannot be used', async (context) => {
    const folder = temporaryFolder(context)
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const inFile = await failure('init', '--data', join(file, 'data'), '--asset', 'GBP:2:1')
    assert.deepEqual([inFile.exit, inFile.code], [1, 'file_unusable'])
    assert.match(inFile.detail, /file.* is no folder, or inside of something that is none$/)
    const node = await startLedger(context)
    const data = join(folder, 'data')
    mkdirSync(data)
    assert.equal((await ledgerCommand('init', '--data', data, '--asset', 'GBP:2:1')).code, 0)
    const { port } = new URL(node.url)
    const taken = await failure('run', '--data', data, '--port', port)
    assert.deepEqual(
      [taken.exit, taken.code, taken.detail],
      [
        ...[1, 'address_unusable'],
        `127.0.0.1:${port} is in use by another program: choose another --port`,
      ],
    )
    writeFileSync(file, '{"parameters":7}')
    const odd = await failure('init', '--data', join(folder, 'odd'), '--genesis', file)
    assert.equal(odd.code, 'genesis_unusable')
    assert.equal(odd.detail.includes('\n'), false)
  })

  test('when the node or the rules refuse, with 2 for the rules', async (context) => {
    const node = await startLedger(context)
    const at = ['--url', node.url] as const
    const unknown = await failure('trace', 'ab'.repeat(32), ...at)
    assert.deepEqual([unknown.exit, unknown.code], [1, 'not_found'])
    const malformed = await failure('trace', 'abcd', ...at)
    assert.deepEqual([malformed.exit, malformed.code], [2, 'malformed'])
    const other = await failure('proof', 'parameters', ...at, '--chain-id', 'ab'.repeat(32))
    assert.deepEqual([other.exit, other.code], [1, 'wrong_genesis'])
    // A trace that a rule refuses is what was asked for, and no failure of the command.
    const { hex } = paymentOf('ab'.repeat(32) as never, 0)
    const traced = await ledgerCommand('trace', hex, ...at, '--json')
    assert.equal(traced.code, 2)
    assert.equal((JSON.parse(traced.stdout) as { outcome: string }).outcome, 'failed')
  })

  test('send names the assets that fees can be paid in', async (context) => {
    const node = await startLedger(context)
    const keys = join(temporaryFolder(context), 'wallet.keys')
    assert.equal((await ledgerCommand('keys', keys, '--make')).code, 0)
    const payment = ['--keys', keys, '--to-lock', 'ab'.repeat(32), '--amount', '1'] as const
    const refused = await failure('send', '--url', node.url, ...payment, '--fee-asset', '7')
    assert.deepEqual(
      [refused.exit, refused.code, refused.detail],
      [
        ...[1, 'fee_asset_unpriced'],
        'no fee can be paid in asset 7: these have a rate: asset 0 (1 per 1,000 of cost)',
      ],
    )
  })
})

test('every command shows examples and exit codes, and takes --json', async () => {
  const commandsOf = (help: string) =>
    [...help.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name ?? '')
  const { stdout } = await ledgerCommand('--help')
  const names = commandsOf(stdout.slice(stdout.indexOf('\nCommands:'))).filter((n) => n !== 'help')
  assert.ok(names.length >= 13, names.join(' '))
  const all = names.flatMap((name) =>
    name === 'snapshot'
      ? [
          ['snapshot', 'export'],
          ['snapshot', 'import'],
        ]
      : [[name]],
  )
  for (const command of all) {
    const help = (await ledgerCommand(...command, '--help')).stdout
    assert.match(help, new RegExp(`\nFor example:\n {2}ledger ${command.join(' ')} `))
    assert.match(help, /\nExit codes: 0 done; 1 /)
    assert.match(help, /--json/)
  }
})
