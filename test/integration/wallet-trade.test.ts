import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { unitsOf } from '@tallystick/client-sdk'
import { openWallet, requirePayment } from '@tallystick/client-sdk/node'
import { FULL_DEVICE, HAS_FULL_DEVICE } from '../client-sdk/full-disk.js'
import { ONE, startTestNetwork, type TestNetwork } from './test-network.js'
import {
  type Ran,
  startWalletCommand,
  startWalletCommandTo,
  walletCommand,
} from './wallet-command.js'

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
  const seller = await startSeller(t, network)
  const folder = (name: string) => ['--wallet', join(network.dir, name)]

  const tutorial = async () => {
    const { code, stdout, stderr } = await runTutorial(network, seller)
    assert.equal(code, 0, `${stdout}\n${stderr}`)
    assert.match(stdout, /^pending .*\n.*\n.*\n.*\npaid {8}12\.500000 GBP at /m)
    assert.match(
      stdout,
      /^paid {8}20\d\d-.*\namount {6}12\.500000 GBP, fee 0\.013500 GBP\nfor {9}A lamp\npreimage {4}[0-9a-f]{64}\n.* wallet receipt /m,
    )
    assert.match(stdout, /^answered {4}3 of 3 requests, 24 bytes\npaid .* for 3 ticks\nclosed /m)
    assert.equal(readFileSync(join(network.dir, 'article.txt'), 'utf8'), 'article\n'.repeat(3))
    assert.match(
      stdout,
      /^paid .*\namount {6}0\.010000 GBP, fee 0\.00\d+ GBP\nfor {9}A tip\npreimage {4}[0-9a-f]{64}\n.* wallet receipt /m,
    )
    // 100 less 12.50, the tip, and 0.1 % and 0.001 of it, and three ticks: the rest of the stream came back.
    assert.match(stdout, /you were paid 87\.4\d+ GBP, the hub 12\.5\d+ GBP/)
    const history = await walletCommand('history', '--json', ...folder('customer'))
    const { ended_streams: streams } = JSON.parse(history.stdout)
    assert.deepEqual(
      streams.map(({ kind, redeemed }: Record<string, unknown>) => [kind, redeemed]),
      [['paid', 3]],
    )
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
    assert.ok(!existsSync(join(network.dir, 'third/wallet.keys')))
  }

  const cutInit = async () => {
    const { ledgerUrl, hubUrl } = network
    const [dir, to] = [join(network.dir, 'cut'), ['--ledger', ledgerUrl, '--hub', hubUrl]]
    const init = () => walletCommand('init', ...to, ...folder('cut'), '--yes', '--json')
    const words = `${network.wordsOf('cut')}\n`
    mkdirSync(dir)
    writeFileSync(join(dir, 'wallet.keys'), words, { mode: 0o600 })
    const first = await init()
    assert.equal(first.code, 0, first.stdout)
    // As if it had been cut once more, before the last file.
    rmSync(join(dir, 'wallet.json'))
    const second = await init()
    assert.deepEqual([second.code, second.stdout], [0, first.stdout])
    assert.equal(readFileSync(join(dir, 'wallet.keys'), 'utf8'), words)
  }

  const opens = async () => {
    const said: string[] = []
    for (const deposit of ['20', '5']) {
      const args = ['open', deposit, '--yes', '--json', ...folder('customer')]
      const opened = await walletCommand(...args)
      assert.equal(opened.code, 0, `${opened.stdout}\n${opened.stderr}`)
      const { spendable, receivable } = JSON.parse(opened.stdout)
      said.push(spendable)
      // The hub has nothing in it: less than the reserve for its exit, and not less than nothing.
      assert.equal(receivable, '0')
    }
    const [large, small] = said.map(BigInt)
    assert.equal((large ?? 0n) - (small ?? 0n), 15_000_000n)
  }

  const cutOutput = async () => {
    const url = `${seller.origin}/article`
    const args = ['--budget', '1', '--count', '3', '--interval', '0', '--yes']
    const command = startWalletCommand('stream', url, ...args, ...folder('customer'))
    const { stdout, stderr } = command
    assert.ok(stdout !== null && stderr !== null)
    stdout.destroy()
    const [said, [code]] = await Promise.all([text(stderr), once(command, 'exit')])
    assert.equal(code, 1, said)
    assert.match(said, /^ended by {4}output_failed: /m)
    const history = await walletCommand('history', '--json', ...folder('customer'))
    assert.deepEqual(JSON.parse(history.stdout).streams, [], said)
  }

  const prices = async () => {
    const stream = (budget: string, ...more: string[]) => {
      const url = `${seller.origin}/article`
      const args = ['--budget', budget, '--count', '2', '--interval', '0', '--yes', ...more]
      return walletCommand('stream', url, ...args, ...folder('customer'))
    }
    for (const budget of ['0.03', '1']) {
      const ran = await stream(budget)
      const said = `${ran.stdout}\n${ran.stderr}`
      assert.equal(ran.code, 0, said)
      const [, shown = ''] = /^with fee {4}(\S+) GBP$/m.exec(said) ?? []
      const [, paid = ''] = /^paid {8}(\S+) GBP, fee included, for 2 ticks$/m.exec(said) ?? []
      assert.equal(2n * unitsOf(shown, { decimals: 6 }), unitsOf(paid, { decimals: 6 }), said)
    }
    const refused = await stream('0.015', '--json')
    const { error } = JSON.parse(refused.stdout)
    assert.deepEqual([refused.code, error.code], [1, 'budget_spent'])
    assert.match(error.detail ?? error.message, /of 2 ticks .* 0\.02\d+ GBP .* 0\.015000 GBP/)
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

  const fullOutput = async () => {
    const full = openSync(FULL_DEVICE, 'w')
    t.after(() => closeSync(full))
    const made = await walletCommand('receive', '1', '--json', ...folder('shop'))
    const { invoice = '' } = saidBy(made)
    const url = `${seller.origin}/article`
    const answers = join(network.dir, 'answers.txt')
    const many = ['--budget', '1', '--count', '2', '--interval', '0', '--output', answers, '--yes']
    const endsWithOne = async (...args: string[]) => {
      const command = startWalletCommandTo(full, ...args)
      t.after(() => command.kill())
      assert.ok(command.stderr !== null)
      const [said, [code]] = await Promise.all([text(command.stderr), once(command, 'exit')])
      assert.equal(code, 1, said)
      assert.match(said, /^output_failed: /m)
    }
    await endsWithOne('stream', url, ...many, '--json', ...folder('customer'))
    const [paid] = await Promise.all([
      walletCommand('pay', invoice, '--yes', ...folder('customer')),
      endsWithOne('receive', invoice, ...folder('shop')),
    ])
    assert.equal(paid.code, 0, paid.stderr)
  }

  const silentHub = async () => {
    const nobody = ['--hub', 'ws://127.0.0.1:1/v1/session', '--patience', '3']
    const ran = await walletCommand('receive', '1', ...nobody, ...folder('customer'))
    assert.equal(ran.code, 1, ran.stderr)
    assert.match(ran.stderr, /^waiting for the hub; .*ECONNREFUSED.* \(\d s\)$/m)
    assert.match(ran.stderr, /^hub_silent: .* \(.*ECONNREFUSED.*\)/m)
    assert.doesNotMatch(ran.stderr, /^note: /m)
  }

  await t.test("the README's tutorial runs as it stands", tutorial)
  await t.test('what is asked for wrongly is refused by name, and shows no words', refusals)
  await t.test('init goes on where one before it was cut, and with its words', cutInit)
  await t.test('open says what the channel that it has opened can pay, not a larger one', opens)
  await t.test('stream shows the fee that it charges, and what a budget has to hold', prices)
  await t.test('stream brings the rest back also where nobody reads its output', cutOutput)
  await t.test(
    'what finds no room for its output ends with 1, also where it is paid in the end',
    {
      skip: !HAS_FULL_DEVICE,
    },
    fullOutput,
  )
  await t.test('why a hub does not answer is said while it is waited for', silentHub)
  await t.test('one command at a time has a store, and Ctrl-C ends a wait', turns)
})

/** A server that sells an article for 0.01, and an offer of its wallet. */
async function startSeller(t: TestContext, { dir, ledgerUrl, hubUrl, seedOf }: TestNetwork) {
  const { wallet, close } = await openWallet({
    ...{ words: seedOf('seller'), file: join(dir, 'seller.db'), ledgerUrl, hubUrl },
    streams: { unitMin: 1n },
  })
  t.after(close)
  const price = requirePayment(wallet, { price: ONE / 100n })
  const server = createServer((request, response) => {
    price(request, response, () => response.end('article\n'))
  })
  t.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { text } = await wallet.createOffer({ value: ONE / 100n, description: 'A tip' })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, offer: text }
}

/** Everything under ```sh run of the README, one after the other, as a person would type it. */
function runTutorial(
  { dir, ledgerUrl, hubUrl, wordsOf }: TestNetwork,
  seller: { readonly origin: string; readonly offer: string },
): Promise<Ran> {
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
    .replaceAll('http://127.0.0.1:8402', seller.origin)
    .replace('wallet close', `wallet pay ${seller.offer} --wallet customer --yes\nwallet close`)
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
