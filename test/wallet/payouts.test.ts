import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  type Channel,
  decodeTrusted,
  type ItemId,
  keyLock,
  lockRoot,
  type Transaction,
  timestamp,
  toHex,
  withdrawable,
  withdrawalDigest,
} from '@tallystick/protocol'
import fc from 'fast-check'
import type { OpenedBackup } from '#client-sdk/backup/backup-content.js'
import { restoredRecords } from '#client-sdk/backup/restored-records.js'
import { isFinalPayout, PAYOUT_NEXT, stepPayout } from '#client-sdk/payout/payout-machine.js'
import { type PayoutRecord, payoutRecordCodec } from '#client-sdk/payout/payout-record.js'
import { at, CHAIN, itemId, NOW, SIGNERS, testSigner } from '../protocol/test-channel.js'
import { WalletWorld } from './wallet-world.js'

const BANK = lockRoot(keyLock(testSigner(7).publicKey))
/** What the test's payouts take: 1,000 for the bank, and 5 for the ledger. */
const TAKEN = 1_005n

const SENT: NonNullable<PayoutRecord['sent']> = {
  id: '11'.repeat(32) as NonNullable<PayoutRecord['sent']>['id'],
  transaction: {
    body: {
      ...{ validFrom: timestamp(0), validUntil: at(600), operations: [], reveals: [] },
      ...{ inputs: [], outputs: [], memo: new Uint8Array() },
    },
    ...{ witnesses: [], signers: [] },
  } satisfies Transaction,
  fee: amount(4n),
}

function payoutOf(world: WalletWorld, name: number, change: Partial<PayoutRecord> = {}) {
  const made: PayoutRecord = {
    ...{ id: itemId(name), order: 0, channel: world.channel, value: amount(1_000n), lock: BANK },
    ...{ isOwn: false, taken: amount(TAKEN), withdrawn: amount(TAKEN), validUntil: at(600) },
    ...{ status: 'withdrawing' as const, sent: undefined, code: '', created: NOW, time: NOW },
    ...change,
  }
  return made
}

function withdraws(world: WalletWorld, payout: PayoutRecord) {
  const { channel, validUntil, withdrawn } = payout
  const withdrawal = { channel, role: 'client' as const, validUntil, withdrawn }
  const signature = SIGNERS.client.sign(withdrawalDigest(CHAIN, withdrawal))
  return world.does({ kind: 'withdraw', agreed: { withdrawal, signature }, payout })
}

/** The channel as the ledger has it once so much was withdrawn. */
function shown(world: WalletWorld, withdrawn: bigint, change: Partial<Channel> = {}): void {
  const { ledger } = world.party
  const client = { ...ledger.client, withdrawn: amount(withdrawn) }
  const channel = { ...ledger, client, ...change }
  world.takes({ kind: 'channelSeen', channel, keyIndex: 0, books: 'whole' })
  world.takes({ kind: 'timePassed' })
}

/** Where a payout is kept, and its status and code. */
function stateOf(world: WalletWorld, name: number): readonly unknown[] {
  const id: ItemId = itemId(name)
  const active = world.state.payout(id)
  const kept = ['payout', 'donePayout'].filter((kind) => world.stored.has(`${kind}/${id}`))
  const told = world.effects.flatMap((effect) =>
    effect.kind === 'payoutChanged' ? [effect.payout] : [],
  )
  const last = active ?? told.at(-1)
  return [...kept, last?.status, last?.code]
}

function begun(change: Partial<PayoutRecord> = {}): WalletWorld {
  const world = new WalletWorld()
  assert.deepEqual(withdraws(world, payoutOf(world, 1, change)), [])
  return world
}

describe('PAY-9 money that leaves a channel for a lock', () => {
  test('CH-17 is on disk with what it is for, in one commit, before the hub hears of it', () => {
    const world = begun()
    assert.deepEqual(world.said, ['withdrawAgreed', 'channelChanged', 'payoutChanged'])
    assert.deepEqual(stateOf(world, 1), ['payout', 'withdrawing', ''])
    assert.equal(world.state.payout(itemId(1))?.order, 1)
    assert.equal(withdrawable(world.party, 'client'), 10_000n - TAKEN - 100n)
    assert.ok(world.stored.has('payoutOrder/withdrawing/000000000000001'))
  })

  test('is not begun where the channel refuses it, and nothing is kept of it', () => {
    const world = begun()
    const [refused] = withdraws(world, payoutOf(world, 2, { withdrawn: amount(2_000n) }))
    assert.equal(refused?.code, 'withdrawal_pending')
    assert.equal(world.state.payout(itemId(2)), undefined)
    assert.equal(world.stored.has(`payout/${itemId(2)}`), false)
  })

  test('is one at a time of a channel, also where another differs in its key alone', () => {
    const world = begun()
    const [refused] = withdraws(world, payoutOf(world, 2))
    assert.equal(refused?.code, 'withdrawal_pending')
    assert.equal(world.state.payout(itemId(2)), undefined)
    // The agreement is over, and it is not certain yet that the ledger has taken it.
    world.wait(630)
    const later = payoutOf(world, 2, { validUntil: at(1_200) })
    assert.equal(withdraws(world, later)[0]?.code, 'withdrawal_pending')
    world.wait(31)
    assert.deepEqual(withdraws(world, later), [])
  })

  test('is to be sent on once the ledger shows it; to an own lock it has arrived then', () => {
    const world = begun()
    world.wait(1)
    assert.deepEqual(stateOf(world, 1), ['payout', 'withdrawing', ''])
    shown(world, TAKEN)
    assert.deepEqual(stateOf(world, 1), ['payout', 'sending', ''])
    const own = begun({ isOwn: true })
    shown(own, TAKEN)
    assert.deepEqual(stateOf(own, 1), ['donePayout', 'paid', ''])
    assert.ok(own.stored.has('payoutOrder/paid/000000000000001'))
    assert.equal(own.stored.has('payoutOrder/withdrawing/000000000000001'), false)
  })

  test('is paid with the block that holds the transaction that was signed for it', () => {
    const world = begun()
    shown(world, TAKEN)
    world.takes({ kind: 'payout', id: itemId(1), event: { kind: 'signed', sent: SENT } })
    assert.equal(world.state.payout(itemId(1))?.sent?.id, SENT.id)
    world.takes({ kind: 'payout', id: itemId(1), event: { kind: 'included' } })
    assert.deepEqual(stateOf(world, 1), ['donePayout', 'paid', ''])
  })

  test('has failed only when it certainly does not leave the channel any more', () => {
    const world = begun()
    world.wait(660)
    assert.deepEqual(stateOf(world, 1), ['payout', 'withdrawing', ''])
    world.wait(1)
    assert.deepEqual(stateOf(world, 1), ['donePayout', 'failed', 'withdrawal_lapsed'])
    const settled = begun()
    settled.takes({ kind: 'channelGone', channel: settled.channel })
    settled.takes({ kind: 'timePassed' })
    assert.deepEqual(stateOf(settled, 1), ['donePayout', 'failed', 'channel_settled'])
  })

  test('what another device has withdrawn in its place leaves it unknown, never failed', () => {
    const world = begun()
    shown(world, TAKEN + 1n)
    assert.deepEqual(stateOf(world, 1), ['donePayout', 'unknown', 'state_lost'])
  })

  test('of an old copy, what is signed goes on, and what is not is unknown', () => {
    const restored = { kind: 'payout', id: itemId(1), event: { kind: 'restored' } } as const
    const world = begun()
    shown(world, TAKEN)
    world.takes(restored)
    assert.deepEqual(stateOf(world, 1), ['donePayout', 'unknown', 'state_lost'])
    const signed = begun()
    shown(signed, TAKEN)
    signed.takes({ kind: 'payout', id: itemId(1), event: { kind: 'signed', sent: SENT } })
    signed.takes(restored)
    assert.deepEqual(stateOf(signed, 1), ['payout', 'sending', ''])
  })

  test('BAK-4 comes back with a backup, under its key and at its place', () => {
    const world = begun()
    const { channel } = world
    const payout = world.state.payout(itemId(1)) ?? assert.fail('it is under way')
    const done = { ...payout, id: itemId(2), order: 2, status: 'paid' as const }
    const backup: OpenedBackup = {
      ...{ version: 9, height: 77, time: NOW, confirmed: 8, nextKeyIndex: 1, isShared: false },
      ...{ hub: undefined, channels: [], invoices: [], payments: [], doneInvoices: [] },
      ...{ donePayments: [], offers: [], letterPayments: [], streams: [] },
      ...{ payouts: [payout], donePayouts: [done] },
    }
    const writes = restoredRecords(SIGNERS.client.publicKey, backup)
    const keys = writes
      .filter(({ kind }) => /payout/i.test(kind))
      .map(({ kind, key }) => [kind, key])
    assert.deepEqual(keys, [
      ['payout', itemId(1)],
      ['payoutOrder', 'all/000000000000001'],
      ['payoutOrder', 'withdrawing/000000000000001'],
      ['donePayout', itemId(2)],
      ['payoutOrder', 'all/000000000000002'],
      ['payoutOrder', 'paid/000000000000002'],
    ])
    const [first] = writes.filter(({ kind }) => kind === 'payout')
    const kept = decodeTrusted(payoutRecordCodec, first?.value ?? assert.fail('it is written'))
    assert.deepEqual([kept.channel, kept.taken], [channel, TAKEN])
  })

  test('no status ever comes back (property)', () => {
    const world = begun()
    const made = payoutOf(world, 1)
    const held = world.state.channel(world.channel)
    const events = fc.array(
      fc.constantFrom(
        ...(['timePassed', 'signed', 'included', 'overtaken', 'restored', 'shown'] as const),
      ),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(events, fc.boolean(), (all, isOwn) => {
        let current: PayoutRecord = { ...made, isOwn }
        for (const [i, kind] of all.entries()) {
          const seen = held && {
            ...held,
            party: {
              ...held.party,
              ledger: {
                ...held.party.ledger,
                client: { ...held.party.ledger.client, withdrawn: amount(TAKEN) },
              },
            },
          }
          const event =
            kind === 'signed'
              ? ({ kind, sent: SENT } as const)
              : kind === 'timePassed'
                ? ({ kind, held } as const)
                : kind === 'shown'
                  ? ({ kind: 'timePassed', held: seen } as const)
                  : ({ kind } as const)
          const next = stepPayout(current, event, at(i * 200))
          const may =
            next.status === current.status || PAYOUT_NEXT[current.status].includes(next.status)
          assert.ok(may, `${current.status} ${toHex(new Uint8Array([i]))} ${next.status}`)
          if (isFinalPayout(current)) assert.equal(next, current)
          current = next
        }
      }),
    )
  })
})
