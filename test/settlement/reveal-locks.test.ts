import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Anchor,
  amount,
  anchorOf,
  type Condition,
  encode,
  isRejection,
  type Lock,
  lockRoot,
  type Reveal,
  type Signer,
  type Timestamp,
  timestamp,
  transactionCodec,
} from '@tallystick/protocol'
import { revealLookup } from '@tallystick/settlement'
import fc from 'fast-check'
import { checkProperty } from './check-property.js'
import {
  ALICE,
  BOB,
  type Draft,
  HUB,
  keyLockOf,
  type Spend,
  START,
  TestLedger,
} from './test-ledger.js'

const PREIMAGE = new Uint8Array(32).fill(7)
const ANCHOR = anchorOf(PREIMAGE, 1)
const BY = timestamp(START + 50)

const revealed: Condition = { kind: 'revealed', anchor: ANCHOR, by: BY }
const unrevealed: Condition = { kind: 'unrevealed', anchor: ANCHOR, by: BY }
/** Bob may claim with the preimage, which must be public by `BY`; afterwards Alice has it back. */
const HTLC: Lock = [
  [{ kind: 'key', publicKey: BOB.publicKey }, revealed],
  [{ kind: 'key', publicKey: ALICE.publicKey }, unrevealed],
]
const CLAIM = { alternative: 0, signers: [BOB] }
const REFUND = { alternative: 1, signers: [ALICE] }

/** A ledger at START with a coin of 9,000 under `lock`. */
class LockedCoin {
  readonly ledger = new TestLedger()
  readonly #spend: Spend

  constructor(lock: Lock) {
    const output = { asset: 0, amount: amount(9_000n), lock: lockRoot(lock) }
    const funding = { spends: [this.ledger.coin(HUB)], outputs: [output], signers: [HUB] }
    const { id } = this.ledger.do(funding)
    this.#spend = { outpoint: { txId: id, index: 0 }, lock }
  }

  /** Somebody makes a link public at `time`, in a transaction of its own. */
  reveal(time: number, reveal: Reveal = { index: 1, link: PREIMAGE }): void {
    this.ledger.time = time as Timestamp
    this.ledger.do({ spends: [this.ledger.coin(HUB)], reveals: [reveal], signers: [HUB] })
  }

  spending(use: Use): Draft {
    const { alternative = 0, signers = [], reveals = [], time } = use
    if (time !== undefined) this.ledger.time = time as Timestamp
    const outputs = [{ asset: 0, amount: amount(8_000n), lock: keyLockOf(BOB.publicKey) }]
    return { spends: [{ ...this.#spend, alternative }], outputs, reveals, signers }
  }

  /** What the ledger says to spending the coin: `applied`, or the code of the refusal. */
  verdict(use: Use): string {
    const judged = this.ledger.judge(this.ledger.sign(this.spending(use)))
    return isRejection(judged) ? judged.code : judged.kind
  }
}

type Use = {
  readonly alternative?: number
  readonly signers?: readonly Signer[]
  readonly reveals?: readonly Reveal[]
  readonly time?: number
}

describe('LOCK-3 a coin that asks', () => {
  const table: readonly (readonly [revealedAt: number, revealed: string, unrevealed: string])[] = [
    [BY - 1, 'applied', 'lock_never_opens'],
    [BY, 'applied', 'lock_never_opens'],
    [BY + 1, 'lock_never_opens', 'applied'],
  ]
  for (const [time, asRevealed, asUnrevealed] of table) {
    test(`about a link that became public at by ${time - BY}: INV-30`, () => {
      for (const [condition, expected] of [
        [revealed, asRevealed],
        [unrevealed, asUnrevealed],
      ] as const) {
        const coin = new LockedCoin([[condition]])
        coin.reveal(time)
        for (const later of [BY + 1, BY + 2, BY + 1_000]) {
          assert.equal(coin.verdict({ time: later }), expected)
        }
      }
    })
  }

  test('for a reveal is not open before there is one, and never opens once it is too late', () => {
    const coin = new LockedCoin([[revealed]])
    assert.equal(coin.verdict({ time: BY - 1 }), 'not_revealed')
    assert.equal(coin.verdict({ time: BY }), 'not_revealed')
    assert.equal(coin.verdict({ time: BY + 1 }), 'lock_never_opens')
  })

  test('for no reveal opens in the second after the last in which one would count', () => {
    const coin = new LockedCoin([[unrevealed]])
    assert.equal(coin.verdict({ time: BY - 1 }), 'lock_not_yet_open')
    assert.equal(coin.verdict({ time: BY }), 'lock_not_yet_open')
    assert.equal(coin.verdict({ time: BY + 1 }), 'applied')
  })

  test('for no reveal never opens once there is one in time, also before the time is over', () => {
    const coin = new LockedCoin([[unrevealed]])
    coin.reveal(BY - 1)
    assert.equal(coin.verdict({}), 'lock_never_opens')
  })

  test('for a reveal opens by one that the spending transaction makes itself, in time', () => {
    const reveals = [{ index: 1, link: PREIMAGE }]
    const coin = new LockedCoin([[revealed]])
    assert.equal(coin.verdict({ reveals, time: BY - 1 }), 'applied')
    assert.equal(coin.verdict({ reveals, time: BY }), 'applied')
    assert.equal(coin.verdict({ reveals, time: BY + 1 }), 'lock_never_opens')
  })

  test('for no reveal is not opened by one that the spending transaction makes too late', () => {
    const reveals = [{ index: 1, link: PREIMAGE }]
    const coin = new LockedCoin([[unrevealed]])
    assert.equal(coin.verdict({ reveals, time: BY }), 'lock_never_opens')
    assert.equal(coin.verdict({ reveals, time: BY + 1 }), 'applied')
  })

  test('about a chain of many links is answered by the first that became public', () => {
    const last = new Uint8Array(32).fill(9)
    const anchor = anchorOf(last, 9)
    const middle = Buffer.from(anchorOf(last, 4), 'hex')
    const coin = new LockedCoin([
      [{ kind: 'revealed', anchor, by: BY }],
      [{ kind: 'revealed', anchor, by: timestamp(BY - 11) }],
    ])
    coin.reveal(BY - 10, { index: 5, link: middle })
    coin.reveal(BY + 10, { index: 9, link: last })
    assert.equal(coin.verdict({ alternative: 0 }), 'applied')
    assert.equal(coin.verdict({ alternative: 1 }), 'lock_never_opens')
  })

  test('about another anchor is not opened by this one', () => {
    const anchor = 'ab'.repeat(32) as Anchor
    const coin = new LockedCoin([[{ kind: 'revealed', anchor, by: BY }]])
    assert.equal(coin.verdict({ reveals: [{ index: 1, link: PREIMAGE }] }), 'not_revealed')
  })

  test('never opens both ways, opens one way for ever, and agrees with what finalize looks up', (context) => {
    const step = fc.record({ after: fc.nat(30), index: fc.integer({ min: 1, max: 9 }) })
    const chain = new Uint8Array(32).fill(3)
    const anchor = anchorOf(chain, 9)
    const property = fc.property(
      fc.array(step, { maxLength: 4 }),
      fc.nat(80),
      fc.nat(80),
      (steps, wait, later) => {
        const by = timestamp(START + wait)
        const coin = new LockedCoin([
          [{ kind: 'revealed', anchor, by }],
          [{ kind: 'unrevealed', anchor, by }],
        ])
        for (const { after, index } of steps) {
          const link = Buffer.from(anchorOf(chain, 9 - index), 'hex')
          coin.reveal(coin.ledger.time + after, { index, link })
        }
        const time = coin.ledger.time + later
        const [open, closed] = [0, 1].map((alternative) => coin.verdict({ alternative, time }))
        const known = revealLookup(coin.ledger.state)(anchor, by) > 0
        assert.equal(open === 'applied', known)
        assert.equal(closed === 'applied', !known && time > by)
        assert.equal(open === 'lock_never_opens', !known && time > by)
        assert.equal(closed === 'lock_never_opens', known)
      },
    )
    checkProperty(context, property, 60)
  })

  test('COST-1 costs its bytes and signatures, however many links of the chain are public', () => {
    const last = new Uint8Array(32).fill(9)
    const anchor = anchorOf(last, 3)
    const coin = new LockedCoin([[{ kind: 'revealed', anchor, by: BY }]])
    for (const index of [1, 2]) {
      coin.reveal(START + index, { index, link: Buffer.from(anchorOf(last, 3 - index), 'hex') })
    }
    const transaction = coin.ledger.sign(coin.spending({}))
    const applied = coin.ledger.apply(transaction)
    assert.equal(applied.cost, encode(transactionCodec, transaction).length)
  })
})

describe('LOCK-3 a coin that is sold for a preimage', () => {
  const reveals = [{ index: 1, link: PREIMAGE }]

  test('is claimed by one transaction, which makes the preimage public for all', () => {
    const coin = new LockedCoin(HTLC)
    coin.ledger.do(coin.spending({ ...CLAIM, reveals, time: BY }))
    assert.deepEqual(coin.ledger.state.read('reveal', { anchor: ANCHOR }), { steps: 1 })
  })

  test('is claimed also if somebody else was faster with the preimage: REV-2', () => {
    const coin = new LockedCoin(HTLC)
    coin.reveal(BY)
    assert.equal(coin.verdict({ ...CLAIM, reveals, time: BY + 9 }), 'applied')
    assert.equal(coin.verdict({ ...REFUND, time: BY + 9 }), 'lock_never_opens')
  })

  test('comes back when no preimage was public in time, and not before', () => {
    const coin = new LockedCoin(HTLC)
    assert.equal(coin.verdict({ ...REFUND, time: BY }), 'lock_not_yet_open')
    assert.equal(coin.verdict({ ...CLAIM, reveals, time: BY + 1 }), 'lock_never_opens')
    assert.equal(coin.verdict({ ...REFUND, time: BY + 1 }), 'applied')
  })

  test('belongs to neither by the preimage or the time alone', () => {
    const coin = new LockedCoin(HTLC)
    assert.equal(coin.verdict({ ...CLAIM, signers: [ALICE], reveals }), 'missing_signature')
    assert.equal(coin.verdict({ ...REFUND, signers: [BOB], time: BY + 1 }), 'missing_signature')
  })

  test('TX-2 TX-3 by reveals that are judged before anything that the transaction creates', () => {
    const { ledger } = new LockedCoin(HTLC)
    const nothing = { asset: 0, amount: amount(0n), lock: keyLockOf(BOB.publicKey) }
    assert.equal(ledger.refusal({ reveals, outputs: [nothing] }), 'amount_out_of_range')
    ledger.do({ spends: [ledger.coin(HUB)], reveals, signers: [HUB] })
    assert.equal(ledger.refusal({ reveals, outputs: [nothing] }), 'already_revealed')
  })

  test('TX-2 is refused whole: INV-37 a reveal of a refused transaction stays unknown', () => {
    const coin = new LockedCoin(HTLC)
    const claim = coin.spending({ ...CLAIM, signers: [ALICE], reveals })
    assert.equal(coin.ledger.refusal(claim), 'missing_signature')
    assert.equal(coin.ledger.state.read('reveal', { anchor: ANCHOR }), undefined)
  })
})
