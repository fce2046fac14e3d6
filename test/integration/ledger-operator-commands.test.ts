import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { parametersProposal } from '@tallystick/client-sdk'
import {
  amount,
  blockDigest,
  type ChainId,
  encode,
  type Genesis,
  isRejection,
  keyLock,
  type LockRoot,
  lockRoot,
  type TxId,
  timestamp,
  toHex,
  transactionCodec,
} from '@tallystick/protocol'
import type { Engine } from '@tallystick/settlement'
import { BlockPace } from '#settlement/engine/block-pace.js'
import { shownGenesis } from '#settlement/node/check-tip-mark.js'
import { serveNode } from '#settlement/serve-node.js'
import { writeTipMark } from '#settlement/store/tip-mark.js'
import { temporaryFolder } from '../settlement/data-folder.js'
import { afterBlock, ask, paymentOf } from '../settlement/node-on-disk.js'
import { testSigner } from '../settlement/test-ledger.js'
import { LedgerProcess, ledgerCommand } from './ledger-process.js'

type Facts = Record<string, unknown>

async function succeeds(...args: readonly string[]): Promise<Facts> {
  const { code, stdout, stderr } = await ledgerCommand(...args, '--json')
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
  return JSON.parse(stdout) as Facts
}

/** The exit code and the code that a command fails with, and what it says. */
async function fails(...args: readonly string[]) {
  const { code: exit, stdout } = await ledgerCommand(...args, '--json')
  const { error } = JSON.parse(stdout) as { error: { code: string; detail: string } }
  return { exit, ...error }
}

/** A new key file, with the lock and the key that it is paid under. */
async function newKeys(context: TestContext) {
  const keys = join(temporaryFolder(context), 'wallet.keys')
  const { lock, public_key: key } = await succeeds('keys', keys, '--make')
  return { keys, lock: String(lock), key: String(key) }
}

describe('ledger issue and reissue', () => {
  test('OP-8 OP-9 COST-2 an asset is made, sent and reissued, for fees in any asset with a rate', async (context) => {
    const { keys, lock, key } = await newKeys(context)
    const data = join(temporaryFolder(context), 'ledger')
    const assets = ['--asset', 'GBP:2:1', '--asset', 'EUR:2:300', '--asset', 'TOY:0:0']
    const coins = [0, 1].flatMap((asset) => ['--allocate', `${lock}:${asset}:90000`])
    await succeeds('init', '--data', data, ...assets, ...coins)
    const node = await LedgerProcess.start(data, '--block-interval-ms', '5')
    context.after(() => node.kill())
    const at = ['--url', node.url, '--chain-id', node.chainId, '--keys', keys]

    const issue = ['issue', ...at, '--code', 'OIL', '--decimals', '2', '--supply', '700']
    const asked = await fails(...issue, '--reissuable')
    assert.deepEqual([asked.exit, asked.code], [1, 'not_confirmed'])
    assert.match(asked.detail, /^nothing was issued; .*asset 3, OIL of 2 decimals: 700 to /)
    const made = await succeeds(...issue, '--reissuable', '--fee-asset', '1', '--yes')
    assert.deepEqual(
      ['asset', 'code', 'decimals', 'issuer', 'amount', 'lock', 'fee_asset'].map(
        (name) => made[name],
      ),
      [3, 'OIL', 2, key, '700', lock, 1],
    )
    // 10,000 units of cost and the bytes, at 300 per 1,000.
    assert.ok(BigInt(String(made['fee'])) >= 3_000n)
    const burnt = async (asset: number) => {
      const at2 = ['--url', node.url, '--chain-id', node.chainId]
      const { value } = await succeeds('proof', 'asset', String(asset), ...at2)
      return (value as { burnt: string }).burnt
    }
    assert.deepEqual([await burnt(0), await burnt(1)], ['0', made['fee']])

    const other = 'ab'.repeat(32)
    const send = ['send', ...at, '--to-lock', other, '--amount', '50', '--asset', '3', '--yes']
    const sent = await succeeds(...send, '--fee-asset', '1')
    assert.deepEqual([sent['asset'], sent['fee_asset']], [3, 1])
    assert.equal(await burnt(0), '0')
    const unpriced = await fails(...send, '--fee-asset', '3')
    assert.deepEqual([unpriced.exit, unpriced.code], [1, 'fee_asset_unpriced'])
    assert.match(unpriced.detail, /rate: asset 0 \(1 per 1,000 of cost\), asset 1 \(300 per/)

    const more = ['reissue', ...at, '--amount', '41', '--yes']
    const grown = await succeeds(...more, '--asset', '3', '--to-lock', other)
    assert.deepEqual([grown['asset'], grown['amount'], grown['lock']], [3, '41', other])
    const { body } = await ask(node.url, `/v1/coins?lock=${other}`)
    const held = (body['data'] as { asset: number; amount: string }[]).map((coin) => coin.amount)
    assert.deepEqual(held.sort(), ['41', '50'])

    // What the rules refuse ends with 2, by the ledger's own code.
    const refusals = await Promise.all(
      [
        [...more, '--asset', '2'],
        [...more, '--asset', '9'],
        ['issue', ...at, '--code', 'NIL', '--supply', '0', '--yes'],
      ].map((args) => fails(...args)),
    )
    assert.deepEqual(
      refusals.map(({ exit, code }) => [exit, code]),
      [
        [2, 'supply_fixed'],
        [2, 'asset_unknown'],
        [2, 'amount_out_of_range'],
      ],
    )
    for (const [option, value] of [
      ['--code', 'TOO-LONG'],
      ['--decimals', '19'],
      ['--supply', '-1'],
      ['--to-key', 'ab'],
    ] as const) {
      const wrong = await fails(...issue, option, value)
      assert.deepEqual([wrong.exit, wrong.code], [1, 'usage'])
    }
  })
})

const VALIDATORS = [201, 202, 203].map(testSigner).sort((a, b) => {
  return a.publicKey < b.publicKey ? -1 : 1
})

/**
 * Makes blocks that the first two of three validators certify, as an engine of many would: when
 * something waits for one or while there is `hurry`, so that no test races against a height.
 */
function twoOfThree(hurry: () => boolean): Engine {
  const pace = new BlockPace({ blockIntervalMs: 5, heartbeatMs: 1_000_000 })
  return {
    propose: async ({ isWaiting, signal }) => {
      const isDue = await pace.due(() => isWaiting() || hurry(), signal)
      return { kind: isDue ? 'build' : 'stopped' }
    },
    certify: async ({ header }) =>
      VALIDATORS.slice(0, 2).map((signer, validator) => {
        return { validator, signature: signer.sign(blockDigest(header)) }
      }),
    finalize: () => pace.made(),
  }
}

/** A ledger that two of three validators keep, a wallet on it, and the keys of the validators. */
async function sharedLedger(context: TestContext) {
  const { keys, lock } = await newKeys(context)
  const folder = temporaryFolder(context)
  const genesis: Genesis = {
    network: 'test',
    time: timestamp(Math.floor(Date.now() / 1_000)),
    parameters: {
      ...{ protocolVersion: 2, revision: 0, quorum: 2, timeStepSecondsMax: 10 },
      validators: VALIDATORS.map(({ publicKey }) => publicKey),
      ...{ disputeWindowSecondsMin: 1, disputeWindowSecondsMax: 1_000 },
      feeRates: [{ asset: 0, feePerKiloCost: 1 }],
    },
    assets: ['GBP', 'EUR'].map((code) => ({ code, decimals: 2, issuer: undefined })),
    allocations: Array.from({ length: 4 }, (_, i) => {
      return { asset: i % 2, amount: amount(90_000n), lock: lock as LockRoot }
    }),
  }
  let isHurried = false
  const hurry = () => {
    isHurried = true
  }
  // What `init` would leave: it makes ledgers of one validator alone.
  await writeTipMark(join(folder, 'tip.mark'), { ...shownGenesis(genesis), part: 'validator' })
  const node = await serveNode({ dataDir: folder, genesis, engine: twoOfThree(() => isHurried) })
  context.after(() => node.stop())
  const validatorKeys = [201, 202, 203]
    .map((seed) => ({ seed, key: testSigner(seed).publicKey }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ seed, key }) => {
      const file = join(folder, `validator-${seed}.key`)
      writeFileSync(file, `${toHex(new Uint8Array(32).fill(seed))}\n`, { mode: 0o600 })
      return { file, key }
    })
  const at = ['--url', node.url, '--chain-id', node.chainId]
  return {
    ...{ node, hurry, at, keys, folder, validatorKeys },
    signers: [0, 1].map((i) => String(VALIDATORS[i]?.publicKey)),
  }
}

describe('a change of the parameters by commands', () => {
  test('OP-10 PAR-1 is proposed, signed by two of three on their own machines, and comes into force', async (context) => {
    const { node, hurry, at, keys, folder, validatorKeys, signers } = await sharedLedger(context)
    const [one, two, three] = validatorKeys.map(({ file }) => file) as [string, string, string]
    const [file, copy] = [join(folder, 'fees.json'), join(folder, 'copy.json')]
    const propose = ['propose', ...at, '--keys', keys, '--out', file, '--in-blocks', '30']
    const named = signers.flatMap((key) => ['--signer', key])
    const changes = ['--fee-rate', '0:0', '--fee-rate', '1:7', '--time-step', '20']
    const unnamed = await fails(...propose, ...changes)
    assert.deepEqual([unnamed.exit, unnamed.code], [1, 'signers_missing'])

    const proposed = await succeeds(...propose, ...named, ...changes)
    // The wallet, whose coin pays for it, has signed already.
    assert.deepEqual([(proposed['signers'] as string[]).length, proposed['awaited']], [3, signers])
    const change = proposed['change'] as { activation_height: number; parameters: Facts }
    assert.deepEqual(change.parameters['fee_rates'], [{ asset: 1, fee_per_kilo_cost: 7 }])
    assert.deepEqual(
      [change.parameters['revision'], change.parameters['time_step_seconds_max']],
      [1, 20],
    )
    copyFileSync(file, copy)

    const early = await fails('submit', file, ...at)
    assert.deepEqual([early.exit, early.code], [1, 'signatures_missing'])
    const asked = await fails('sign', file, '--key', one)
    assert.deepEqual([asked.exit, asked.code], [1, 'not_confirmed'])
    assert.match(asked.detail, /fee rate +7 of asset 1 per 1,000 of cost/)
    assert.deepEqual((await succeeds('sign', file, '--key', one, '--yes'))['awaited'], [signers[1]])
    const half = await fails('submit', file, ...at)
    assert.match(half.detail, new RegExp(`${signers[1]}$`))
    const traced = await ledgerCommand('trace', copy, '--url', node.url, '--json')
    assert.equal(traced.code, 2)
    assert.match(traced.stdout, /bad_signature/)
    // The second signs the copy that it was sent; the third has no place in either.
    assert.deepEqual((await succeeds('sign', copy, '--key', two, '--yes'))['awaited'], [signers[0]])
    const third = await fails('sign', copy, '--key', three, '--yes')
    assert.deepEqual([third.exit, third.code], [1, 'signer_unused'])

    const done = await succeeds('submit', file, copy, ...at)
    assert.deepEqual([done['awaited'], done['id']], [[], proposed['id']])
    const waiting = await succeeds('parameters', ...at)
    assert.deepEqual(waiting['waiting'], change)
    assert.deepEqual((waiting['in_force'] as Facts)['revision'], 0)
    hurry()
    await afterBlock(node.url, async () => {
      const { body } = await ask(node.url, '/v1/status')
      return Number(body['height']) >= change.activation_height
    })
    const after = await succeeds('parameters', ...at)
    assert.deepEqual([after['in_force'], after['waiting']], [change.parameters, null])
    // The wallet pays by the new rates, and is told of them.
    const pay = [
      'send',
      ...at,
      '--keys',
      keys,
      '--to-lock',
      'ab'.repeat(32),
      '--amount',
      '5',
      '--yes',
    ]
    assert.equal((await succeeds(...pay))['fee_asset'], 1)
    assert.equal((await fails(...pay, '--fee-asset', '0')).code, 'fee_asset_unpriced')
  })

  test('OP-10 PAR-3 can be withdrawn before its height, in the same way', async (context) => {
    const { at, keys, folder, validatorKeys, signers } = await sharedLedger(context)
    const named = signers.flatMap((key) => ['--signer', key])
    const change = async (name: string, ...options: readonly string[]) => {
      const file = join(folder, name)
      const made = await succeeds(
        ...['propose', ...at, '--keys', keys, '--out', file, ...named, ...options],
      )
      for (const { file: key } of validatorKeys.slice(0, 2)) {
        await succeeds('sign', file, '--key', key, '--yes', ...at.slice(2))
      }
      return { file, made }
    }
    const nothing = await change('early.json', '--withdraw')
    const early = await fails('submit', nothing.file, ...at)
    assert.deepEqual([early.exit, early.code], [2, 'nothing_scheduled'])
    const scheduled = await change('in.json', '--at-height', '100000', '--quorum', '1')
    await succeeds('submit', scheduled.file, ...at)
    const back = await change('back.json', '--withdraw')
    assert.deepEqual([back.made['change'], back.made['replaces']], [null, 100_000])
    await succeeds('submit', back.file, ...at)
    assert.equal((await succeeds('parameters', ...at))['waiting'], null)
  })

  test('is refused where no ledger can have it, or it is asked for wrongly', async (context) => {
    const { at, keys, folder, signers } = await sharedLedger(context)
    const file = join(folder, 'new.json')
    const propose = ['propose', ...at, '--keys', keys, '--out', file]
    const named = signers.flatMap((key) => ['--signer', key])
    const soon = ['--in-blocks', '50']
    const stranger = testSigner(9).publicKey
    for (const [code, ...options] of [
      ['usage', ...soon],
      ['usage', '--quorum', '1'],
      ['usage', ...soon, '--at-height', '90', '--quorum', '1'],
      ['usage', '--withdraw', '--quorum', '1'],
      ['usage', ...soon, '--fee-rate', 'x'],
      ['usage', ...soon, '--quorum', '0'],
      ['parameters_unusable', ...soon, '--quorum', '4'],
      ['parameters_unusable', ...soon, '--fee-rate', '0:0'],
      ['parameters_unusable', ...soon, '--dispute-window-min', '2000'],
      ['version_unsupported', ...soon, '--protocol-version', '3'],
      ['version_unsupported', ...soon, '--protocol-version', '70000'],
      ['parameters_unusable', ...soon, '--add-validator', signers[0] ?? ''],
      ['not_a_validator', ...soon, '--remove-validator', stranger],
      ['not_a_validator', ...soon, '--quorum', '1', '--signer', stranger],
    ] as const) {
      const refused = await fails(...propose, ...named, ...options)
      assert.deepEqual([refused.exit, refused.code], [1, code], options.join(' '))
    }
    writeFileSync(file, '')
    const taken = await fails(...propose, ...named, ...soon, '--quorum', '1')
    assert.equal(taken.code, 'proposal_exists')
  })
})

test('INV-51 a file that is no proposal is refused, and a validator signs nothing else', async (context) => {
  const folder = temporaryFolder(context)
  const key = join(folder, 'validator.key')
  writeFileSync(key, `${'c9'.repeat(32)}\n`, { mode: 0o600 })
  const chain = 'c1'.repeat(32)
  const file = join(folder, 'proposal.json')
  const payment = paymentOf(chain as never, 0).hex
  const proposal = { format: 1, chain_id: chain, transaction: payment }
  for (const [says, content] of [
    [/it does something else than to change the parameters/, proposal],
    [/a proposal of format 1 is due/, { ...proposal, format: 2 }],
    [/chain_id: 64 lower-case hex digits are due/, { ...proposal, chain_id: 'x' }],
    [/transaction: lower-case hex/, { ...proposal, transaction: 'abc' }],
    [/proposal.json: /, { ...proposal, transaction: 'abcd' }],
    [/note/, { ...proposal, note: 'harmless' }],
    [/object/, 7],
    [/it is too large for a proposal/, { ...proposal, transaction: 'ab'.repeat(600_000) }],
  ] as const) {
    const text = JSON.stringify(content)
    writeFileSync(file, text)
    const refused = await fails('sign', file, '--key', key, '--yes')
    assert.deepEqual([refused.exit, refused.code], [1, 'proposal_unusable'], text.slice(0, 100))
    assert.match(refused.detail, says)
    assert.equal(readFileSync(file, 'utf8'), text)
  }
  // One signature would spend the coin, too.
  const validator = testSigner(0xc9)
  const [id, lock] = ['ab'.repeat(32) as TxId, keyLock(validator.publicKey)]
  const coin = {
    asset: 0,
    amount: amount(90_000n),
    lock: lockRoot(lock),
    createdTime: timestamp(0),
  }
  const plan = {
    ...{ chainId: chain as ChainId, signers: [], fee: { asset: 0, feePerKiloCost: 1 } },
    coins: [{ outpoint: { txId: id, index: 0 }, coin, lock, alternative: 0, signers: [validator] }],
    ...{ changeLock: lockRoot(lock), validFrom: timestamp(0), validUntil: timestamp(9) },
  }
  const greedy = parametersProposal(plan, undefined, [validator.publicKey])
  assert.ok(!isRejection(greedy))
  const transaction = toHex(encode(transactionCodec, greedy.transaction))
  writeFileSync(file, JSON.stringify({ ...proposal, transaction }))
  const refused = await fails('sign', file, '--key', key, '--yes')
  assert.deepEqual([refused.exit, refused.code], [1, 'proposal_unusable'])
  assert.match(refused.detail, /it spends a coin of /)
  const missing = await fails('submit', join(folder, 'none'), '--url', 'http://127.0.0.1:1')
  assert.deepEqual([missing.code, missing.detail], ['file_unusable', `there is no ${folder}/none`])
})
