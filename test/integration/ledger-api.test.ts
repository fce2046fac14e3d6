import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import {
  type Block,
  type BlockHeader,
  blockCodec,
  blockHeaderCodec,
  type Certificate,
  certificateCodec,
  chainIdOf,
  checkCertificate,
  decodeTrusted,
  type EntryKind,
  fromHex,
  type Genesis,
  genesisCodec,
  isRejection,
  provenEntry,
  type StateEntries,
  type StateProof,
  stateProofCodec,
  type TxId,
} from '@tallystick/protocol'
import { genesisHeader } from '@tallystick/settlement'
import { temporaryFolder } from '../settlement/data-folder.js'
import {
  afterBlock,
  ask,
  included,
  initTestLedger,
  paymentOf,
  submit,
} from '../settlement/node-on-disk.js'
import { ALICE, BOB, keyLockOf } from '../settlement/test-ledger.js'
import { LedgerProcess } from './ledger-process.js'

const COINS = 25

async function startLedger(context: TestContext): Promise<LedgerProcess> {
  const dataDir = temporaryFolder(context)
  await initTestLedger(dataDir, COINS)
  const node = await LedgerProcess.start(
    dataDir,
    '--block-interval-ms',
    '5',
    '--heartbeat-ms',
    '50',
  )
  context.after(() => node.kill())
  return node
}

async function genesisOf(node: LedgerProcess): Promise<Genesis> {
  const { body } = await ask(node.url, '/v1/genesis')
  const genesis = decodeTrusted<Genesis>(genesisCodec, fromHex(String(body['genesis'])))
  assert.equal(chainIdOf(genesis), node.chainId)
  assert.equal(body['chain_id'], node.chainId)
  return genesis
}

/** The value of an entry, as somebody believes it who trusts nothing but the genesis. */
async function proven<Kind extends EntryKind>(
  node: LedgerProcess,
  path: string,
  kind: Kind,
  key: StateEntries[Kind]['key'],
): Promise<StateEntries[Kind]['value'] | undefined> {
  const genesis = await genesisOf(node)
  const { status, body } = await ask(node.url, path)
  assert.equal(status, 200)
  const bytes = (name: string) => fromHex(String(body[name]))
  const header = decodeTrusted<BlockHeader>(blockHeaderCodec, bytes('header'))
  const certificate = decodeTrusted<Certificate>(certificateCodec, bytes('certificate'))
  assert.equal(checkCertificate(header, certificate, genesis.parameters), undefined)
  assert.equal(header.height, body['height'])
  const proof = decodeTrusted<StateProof>(stateProofCodec, bytes('proof'))
  const value = body['value'] === null ? undefined : bytes('value')
  const entry = provenEntry(header.stateRoot, kind, key, value, proof)
  if (isRejection(entry)) assert.fail(entry.detail)
  return entry.value
}

describe('the API of a ledger node', () => {
  test('proves every kind of entry, and that there is none, to somebody who trusts nobody', async (context) => {
    const node = await startLedger(context)
    const genesis = await genesisOf(node)
    const txId = node.chainId as string as TxId
    const absent = 'ab'.repeat(32)
    assert.deepEqual(await proven(node, '/v1/parameters', 'parameters', {}), genesis.parameters)
    const gold = await proven(node, '/v1/assets/0', 'asset', { asset: 0 })
    assert.equal(gold?.issued, 250_000n)
    const coin = await proven(node, `/v1/coins/${txId}/0`, 'coin', { txId, index: 0 })
    assert.equal(coin?.amount, 10_000n)
    const missing = { txId: absent as TxId, index: 3 }
    assert.equal(await proven(node, `/v1/coins/${absent}/3`, 'coin', missing), undefined)
    assert.equal(await proven(node, '/v1/assets/7', 'asset', { asset: 7 }), undefined)
    assert.equal(await proven(node, '/v1/channels/0', 'channel', { channel: 0 }), undefined)
    const anchor = absent as StateEntries['reveal']['key']['anchor']
    assert.equal(await proven(node, `/v1/reveals/${anchor}`, 'reveal', { anchor }), undefined)
    const path = `/v1/reveals/${anchor}/steps/0`
    assert.equal(await proven(node, path, 'revealStep', { anchor, step: 0 }), undefined)
  })

  test('follows a payment from pending to included, and what it spends and creates', async (context) => {
    const node = await startLedger(context)
    const { id, encoded, hex } = paymentOf(node.chainId, 0)
    const headers = { 'content-type': 'application/octet-stream' }
    const body = new Uint8Array(encoded)
    const taken = await ask(node.url, '/v1/transactions', { method: 'POST', headers, body })
    assert.deepEqual(taken, { status: 202, body: { id, status: 'pending' } })
    const height = await included(node, id)
    const known = await ask(node.url, `/v1/transactions/${id}`)
    assert.deepEqual(known.body, { id, status: 'included', height, position: 0, transaction: hex })
    assert.deepEqual((await submit(node.url, hex)).body, { id, status: 'included', height })

    const block = (await ask(node.url, `/v1/blocks/${height}`)).body
    const decoded = decodeTrusted<Block>(blockCodec, fromHex(String(block['block'])))
    assert.deepEqual(
      decoded.transactions.map((bytes) => Buffer.from(bytes).toString('hex')),
      [hex],
    )
    const spent = { txId: node.chainId as string as TxId, index: 0 }
    assert.equal(await proven(node, `/v1/coins/${spent.txId}/0`, 'coin', spent), undefined)
    const created = await proven(node, `/v1/coins/${id}/0`, 'coin', { txId: id, index: 0 })
    assert.equal(created?.amount, 9_990n)
    assert.equal(created?.createdTime, decoded.header.time)
    const asset = await proven(node, '/v1/assets/0', 'asset', { asset: 0 })
    assert.equal(asset?.burnt, 10n)
    const bobs = await ask(node.url, `/v1/coins?lock=${keyLockOf(BOB.publicKey)}`)
    assert.deepEqual(bobs.body, {
      data: [
        {
          ...{ tx_id: id, index: 0, asset: 0, amount: '9990' },
          ...{ lock: keyLockOf(BOB.publicKey), created_time: decoded.header.time },
        },
      ],
      has_more: false,
      next: null,
    })
  })

  test('lists the coins of a lock page by page, each once', async (context) => {
    const node = await startLedger(context)
    const lock = keyLockOf(ALICE.publicKey)
    const seen = new Set<number>()
    let pages = 0
    for (let cursor = ''; ; pages++) {
      const { body } = await ask(node.url, `/v1/coins?lock=${lock}&limit=10${cursor}`)
      for (const { index } of body['data'] as { index: number }[]) seen.add(index)
      if (body['has_more'] !== true) break
      cursor = `&cursor=${body['next']}`
    }
    assert.equal(pages, 2)
    assert.equal(seen.size, COINS)
    const none = await ask(node.url, `/v1/channels?key=${ALICE.publicKey}`)
    assert.deepEqual(none.body, { data: [], has_more: false, next: null })
  })

  test('tells headers and blocks of any height up to the tip', async (context) => {
    const node = await startLedger(context)
    await afterBlock(node.url, async () => {
      return Number((await ask(node.url, '/v1/status')).body['height']) >= 12
    })
    const genesis = await genesisOf(node)
    const first = (await ask(node.url, '/v1/headers/0')).body
    assert.equal(first['certificate'], null)
    const header = decodeTrusted<BlockHeader>(blockHeaderCodec, fromHex(String(first['header'])))
    assert.deepEqual(header, genesisHeader(genesis, header.stateRoot))
    const page = (await ask(node.url, '/v1/blocks?from=3&limit=5')).body
    const heights = (page['data'] as { height: number }[]).map(({ height }) => height)
    assert.deepEqual([heights, page['has_more'], page['next']], [[3, 4, 5, 6, 7], true, 8])
    const third = (await ask(node.url, '/v1/headers/3')).body
    const block = decodeTrusted<Block>(
      blockCodec,
      fromHex(String((await ask(node.url, '/v1/blocks/3')).body['block'])),
    )
    assert.deepEqual(
      decodeTrusted<BlockHeader>(blockHeaderCodec, fromHex(String(third['header']))),
      block.header,
    )
    const status = (await ask(node.url, '/v1/status')).body
    assert.deepEqual(
      [status['network'], status['protocol_version'], status['mempool_transactions']],
      ['test', 2, 0],
    )
  })
})
