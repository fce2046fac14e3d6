import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createMnemonic } from '@tallystick/protocol'
import decodeQR from 'qr/decode.js'
import { amountDue } from '#wallet/cli/amount-due.js'
import { typedAmount } from '#wallet/cli/asset-amount.js'
import { closeChannels } from '#wallet/cli/close-channel.js'
import { openChannel } from '#wallet/cli/open-channel.js'
import { durationOption } from '#wallet/cli/option-values.js'
import { payInvoice } from '#wallet/cli/pay.js'
import { receivePayment } from '#wallet/cli/receive.js'
import { terminalQr } from '#wallet/cli/terminal-qr.js'
import { parseSettings } from '#wallet/cli/wallet-folder.js'
import { wordLines } from '#wallet/cli/word-lines.js'

const POUND = { code: 'GBP', decimals: 6 }

/** What `call` is refused with. */
function codeOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
  return 'no error'
}

/** What `call` is refused with, in words. */
function messageOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return 'no error'
}

describe('what a person types', () => {
  test('an amount is a plain decimal of the asset, above zero, and nothing is rounded', () => {
    assert.equal(typedAmount('12.50', POUND), 12_500_000n)
    assert.equal(typedAmount('0.000001', POUND), 1n)
    for (const [typed, code] of [
      ...['', ' 5', '5 ', '+5', '1e3', '1,5', '0x5', '.5', '5.', '٣', 'NaN', '5 GBP'].map(
        (malformed) => [malformed, 'decimal_malformed'] as const,
      ),
      ['0.0000001', 'too_many_decimals'],
      ['0', 'amount_invalid'],
      ['-5', 'decimal_malformed'],
      ['9223372036854.775808', 'amount_invalid'],
      ['99999999999999999999', 'amount_invalid'],
    ] as const) {
      assert.equal(
        codeOf(() => typedAmount(typed, POUND)),
        code,
        JSON.stringify(typed),
      )
    }
  })

  test('what is due is told in the asset, and by the option that names it', () => {
    const money = { show: (units: bigint) => `${units / 1_000_000n} GBP` }
    const due = (asked: bigint | undefined, named: bigint | undefined) =>
      messageOf(() => amountDue('invoice', asked, named, money))
    assert.match(due(7_000_000n, 8_000_000n), /asks for 7 GBP, not 8 GBP: leave --amount out$/)
    assert.match(due(undefined, undefined), /^the invoice leaves .* --amount says it$/)
    assert.equal(amountDue('offer', 7n, undefined, money), 7n)
    assert.equal(amountDue('offer', 7n, 7n, money), 7n)
    assert.equal(amountDue('offer', undefined, 7n, money), 7n)
  })

  test('a time is a count with a unit, a year at most', () => {
    assert.deepEqual(
      ['90', '15m', '2h', '7d'].map((typed) => durationOption(typed)),
      [90, 900, 7_200, 604_800],
    )
    for (const typed of ['', '0', '0m', '-5', '1.5h', '5 m', '5y', '400d', '99999999']) {
      assert.equal(
        codeOf(() => durationOption(typed)),
        'commander.invalidArgument',
        typed,
      )
    }
  })
})

test('what no wallet can take is refused before a file or the network is touched', async () => {
  const nowhere = { keys: '/nowhere', store: '/nowhere', ledger: 'http://127.0.0.1:9' } as const
  const place = { ...nowhere, hub: 'ws://127.0.0.1:9/v1/session', patience: 1, timeout: 1 }
  for (const [call, code] of [
    [() => openChannel('1e3', place), 'decimal_malformed'],
    [() => openChannel('0', place), 'amount_invalid'],
    [() => openChannel('99999999999999999999', place), 'amount_invalid'],
    [() => receivePayment('-1', place), 'amount_invalid'],
    [() => receivePayment('tally1x', place), 'invoice_malformed'],
    [() => payInvoice('', place), 'invoice_malformed'],
    [() => payInvoice(`TALLY1${'Q'.repeat(5_000)}`, place), 'invoice_malformed'],
    [() => closeChannels(3, { ...place, alone: true }), 'usage'],
    [() => openChannel('5', place), 'key_file_unusable'],
  ] as const) {
    await assert.rejects(call, { code }, String(call))
  }
})

describe('what others wrote', () => {
  test("settings that are not a wallet's are none", () => {
    const chain = 'ab'.repeat(32)
    const whole = { ledger: 'http://localhost:1', hub: 'ws://localhost:2/v1', chain_id: chain }
    assert.deepEqual(parseSettings(JSON.stringify(whole)), {
      ...{ ledger: 'http://localhost:1', hub: 'ws://localhost:2/v1', chainId: chain },
    })
    for (const change of [
      { ledger: 'ftp://localhost' },
      { ledger: 5 },
      { hub: 'http://localhost' },
      { hub: null },
      { chain_id: 'AB'.repeat(32) },
      { chain_id: undefined },
    ]) {
      assert.equal(parseSettings(JSON.stringify({ ...whole, ...change })), undefined)
    }
    for (const text of ['', 'null', '[]', '5', '{']) assert.equal(parseSettings(text), undefined)
  })
})

describe('what is shown', () => {
  test('a QR code of half blocks is read as the invoice in capitals', () => {
    for (const text of ['tally1qqq', `tally1${'qpzry9x8gf2tvdw0'.repeat(30)}`]) {
      const drawn = terminalQr(text, { columns: 500, coloured: false }) ?? ''
      assert.equal(decodeQR(imageOf(drawn.split('\n'))), text.toUpperCase())
    }
  })

  test('a QR code that is wider than the terminal is none', () => {
    const width = terminalQr('tally1', { columns: 100, coloured: false })?.split('\n')[0]?.length
    assert.ok(width !== undefined)
    assert.ok(terminalQr('tally1', { columns: width, coloured: true }) !== undefined)
    assert.equal(terminalQr('tally1', { columns: width - 1, coloured: true }), undefined)
  })

  test('every word is shown once, with its number', () => {
    const words = createMnemonic(new Uint8Array(32).map((_, index) => index * 7))
    const shown = [
      ...wordLines(words)
        .join('\n')
        .matchAll(/(\d+) ([a-z]+)/g),
    ]
    assert.deepEqual(
      shown.map(([, number, word]) => [Number(number), word]),
      words.split(' ').map((word, index) => [index + 1, word]),
    )
  })
})

/** The picture that a dark terminal shows: a block is light; each module eight pixels wide. */
function imageOf(lines: readonly string[]) {
  const SCALE = 8
  const columns = [...(lines[0] ?? '')].length
  const [width, height] = [columns * SCALE, lines.length * 2 * SCALE]
  const data = new Uint8Array(width * height * 4)
  for (let y = 0; y < height; y++) {
    const line = [...(lines[Math.floor(y / SCALE / 2)] ?? '')]
    const isLower = Math.floor(y / SCALE) % 2 === 1
    for (let x = 0; x < width; x++) {
      const block = line[Math.floor(x / SCALE)]
      const isLight = block === '█' || block === (isLower ? '▄' : '▀')
      data.fill(isLight ? 255 : 0, (y * width + x) * 4, (y * width + x) * 4 + 4)
    }
  }
  return { width, height, data }
}
