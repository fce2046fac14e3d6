import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startTestNetwork, type TestNetwork } from './test-network.js'
import { type Ran, startWalletCommand, walletCommand } from './wallet-command.js'

const README = new URL('../../../wallet/README.md', import.meta.url)
const ROOT = new URL('../../../', import.meta.url)

/** The first object that a command prints. */
type Said = {
  readonly status?: string
  readonly invoice?: string
  readonly anchor?: string
  readonly error?: { readonly code: string }
}

test('wallet init, open, receive, pay and close on real processes', async (t) => {
  const network = await startTestNetwork(t, ['bank'])
  const folder = (name: string) => ['--wallet', join(network.dir, name)]

  const tutorial = async () => {
    const { code, stdout, stderr } = await runTutorial(network)
    assert.equal(code, 0, `${stdout}\n${stderr}`)
    assert.match(stdout, /^pending .*\n.*\n.*\n.*\npaid {8}12\.500000 GBP at /m)
    assert.match(
      stdout,
      /^paid {8}20\d\d-.*\namount {6}12\.500000 GBP, fee 0\.013500 GBP\nfor {9}A lamp\nreceipt/m,
    )
    // 100 less 12.50, and 0.1 % and 0.001 of it.
    assert.match(stdout, /you were paid 87\.486500 GBP, the hub 12\.513500 GBP/)
    for (const file of ['shop.words', 'shop/wallet.keys', 'shop/wallet.json', 'shop/wallet.db']) {
      assert.equal(statSync(join(network.dir, file)).mode & 0o077, 0, file)
    }
  }

  const refusals = async () => {
    const { ledgerUrl, hubUrl } = network
    const to = ['--ledger', ledgerUrl, '--hub', hubUrl]
    const words = readFileSync(join(network.dir, 'shop/wallet.keys'), 'utf8').trim()
    const ran = await Promise.all(
      [
        ['wallet_exists', 'init', ...to, ...folder('shop')],
        ['not_confirmed', 'init', ...to, ...folder('third')],
        ['too_many_decimals', 'open', '1.0000001', ...folder('customer')],
      ].map(async ([code = '', ...args]) => {
        return { code, args, refused: await walletCommand(...args, '--json') }
      }),
    )
    for (const { code, args, refused } of ran) {
      assert.equal(refused.code, 1, `${args.join(' ')}: ${refused.stdout}`)
      assert.equal(saidBy(refused).error?.code, code, args.join(' '))
      // No three of the words stand in a row in what is said.
      const told = `${refused.stdout}${refused.stderr}`
      assert.ok(!told.includes(words.split(' ').slice(0, 3).join(' ')), told)
    }
  }

  const opens = async () => {
    const said: string[] = []
    for (const deposit of ['20', '5']) {
      const args = ['open', deposit, '--yes', '--json', ...folder('customer')]
      const opened = await walletCommand(...args)
      assert.equal(opened.code, 0, `${opened.stdout}\n${opened.stderr}`)
      said.push(JSON.parse(opened.stdout).spendable)
    }
    const [large, small] = said.map(BigInt)
    assert.equal((large ?? 0n) - (small ?? 0n), 15_000_000n)
  }

  const turns = async () => {
    const waiting = startWalletCommand('receive', '1', '--wait', '--json', ...folder('shop'))
    let stdout = ''
    const ended = new Promise<number | null>((resolve) => waiting.once('close', resolve))
    await new Promise<void>((resolve) => {
      waiting.stdout?.on('data', (chunk) => {
        stdout += chunk
        if (stdout.includes('\n')) resolve()
      })
    })
    const busy = await walletCommand('status', ...folder('shop'), '--json')
    assert.deepEqual([busy.code, saidBy(busy).error?.code], [4, 'store_in_use'])
    waiting.kill('SIGINT')
    // What nobody has paid yet is not a failure.
    assert.equal(await ended, 3)
    const [open, still] = stdout.trim().split('\n')
    assert.deepEqual(JSON.parse(still ?? ''), JSON.parse(open ?? ''))
  }

  await t.test("the README's tutorial runs as it stands", tutorial)
  await t.test('what is asked for wrongly is refused by name, and shows no words', refusals)
  await t.test('open says what the channel that it has opened can pay, not a larger one', opens)
  await t.test('one command at a time has a store, and Ctrl-C ends a wait', turns)
})

/** Everything under ```sh run of the README, one after the other, as a person would type it. */
function runTutorial({ dir, ledgerUrl, hubUrl, wordsOf }: TestNetwork): Promise<Ran> {
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  for (const [name, path] of [
    ['wallet', 'wallet/bin/wallet.js'],
    ['ledger', 'settlement/bin/ledger.js'],
  ] as const) {
    const program = fileURLToPath(new URL(path, ROOT))
    writeFileSync(join(bin, name), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`)
    chmodSync(join(bin, name), 0o755)
  }
  mkdirSync(join(dir, 'data'))
  writeFileSync(join(dir, 'data/bank.words'), `${wordsOf('bank')}\n`, { mode: 0o600 })
  const blocks = [...readFileSync(README, 'utf8').matchAll(/```sh run\n([\s\S]*?)```/g)]
  const script = blocks
    .map(([, code = '']) => code)
    .join('')
    .replaceAll('http://127.0.0.1:9730', ledgerUrl)
    .replaceAll('ws://127.0.0.1:9740/v1/session', hubUrl)
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH']}` }
  return new Promise((resolve) => {
    execFile('sh', ['-eu', '-c', script], { cwd: dir, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

function saidBy({ stdout }: Ran): Said {
  return JSON.parse(stdout.trim().split('\n')[0] ?? '') as Said
}
