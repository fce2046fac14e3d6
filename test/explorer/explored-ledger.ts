import assert from 'node:assert/strict'
import {
  type Anchor,
  type Channel,
  type ChannelNumber,
  type EntryKind,
  isRejection,
  type KnownLink,
  type LockRoot,
  type Operation,
  type PublicKey,
  type Rejection,
  type RevealLookup,
  type StateEntries,
  TIMESTAMP_MAX,
  type Timestamp,
  type Transaction,
  timestamp,
} from '@tallystick/protocol'
import { StateOverlay } from '@tallystick/settlement'
import { applyOperation } from '#settlement/core/apply-operation.js'
import type { LedgerView } from '#settlement/core/ledger-view.js'
import { recordReveal, revealLookup } from '#settlement/core/reveal-record.js'
import { TransactionChecks } from '#settlement/core/transaction-checks.js'
import { TransactionRun } from '#settlement/core/transaction-run.js'
import { CHAIN } from '../protocol/test-channel.js'
import { testGenesis } from '../settlement/test-ledger.js'

/*
 * The ledger as far as channels see it, as a value. Operations are applied by the node's own core,
 * signers asked for as there; fees, coins that pay them and the tree are left out.
 */

type RevealStep = { readonly index: number; readonly time: Timestamp; readonly link: Uint8Array }

export type ExploredLedger = {
  readonly time: Timestamp
  readonly channels: ReadonlyMap<ChannelNumber, Channel>
  readonly reveals: ReadonlyMap<Anchor, readonly RevealStep[]>
  /** What was paid to each lock, base units. */
  readonly paid: ReadonlyMap<LockRoot, bigint>
}

export function newLedger(time: Timestamp, channels: readonly Channel[]): ExploredLedger {
  const byNumber = new Map(channels.map((channel) => [channel.number, channel]))
  return { time, channels: byNumber, reveals: new Map(), paid: new Map() }
}

/** The ledger after an operation that `signers` have signed, or why it takes none. */
export function applied(
  ledger: ExploredLedger,
  operation: Operation,
  signers: readonly PublicKey[],
): ExploredLedger | Rejection {
  const run = runOver(ledger, signers, [])
  return applyOperation(run, operation, 0) ?? after(ledger, run)
}

/** The ledger after somebody made a link public; the same where that says nothing new (REV-2). */
export function revealed(ledger: ExploredLedger, { index, link }: KnownLink): ExploredLedger {
  const run = runOver(ledger, [], [{ index, link }])
  return recordReveal(run, { index, link }, 0) ? after(ledger, run) : ledger
}

/** `ledger` at a later time. */
export function atTime(ledger: ExploredLedger, time: number): ExploredLedger {
  assert.ok(time >= ledger.time, 'ledger time never falls')
  return { ...ledger, time: timestamp(time) }
}

export function revealsOf(ledger: ExploredLedger): RevealLookup {
  return revealLookup(viewOf(ledger))
}

export function channelOf(ledger: ExploredLedger, number: ChannelNumber): Channel | undefined {
  return ledger.channels.get(number)
}

/** The value of an outcome that may be a rejection, or `undefined`. */
export function ifTaken<T>(outcome: T | Rejection): T | undefined {
  return isRejection(outcome) ? undefined : (outcome as T)
}

const PARAMETERS = testGenesis().parameters
/** No operation here depends on the transaction that carries it. */
const DIGEST = new Uint8Array(32)

function runOver(
  ledger: ExploredLedger,
  signers: readonly PublicKey[],
  reveals: readonly KnownLink[],
): TransactionRun {
  const body = {
    ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX, memo: new Uint8Array() },
    ...{ inputs: [], operations: [], outputs: [], reveals },
  }
  const transaction: Transaction = {
    body,
    witnesses: [],
    signers: [...signers].sort().map((publicKey) => ({ publicKey, signature: new Uint8Array(64) })),
  }
  return new TransactionRun({
    context: { chainId: CHAIN, time: ledger.time, height: 1, parameters: PARAMETERS },
    state: new StateOverlay(viewOf(ledger)),
    transaction,
    checks: new TransactionChecks(CHAIN, transaction, DIGEST),
    observe: undefined,
  })
}

function viewOf({ channels, reveals }: ExploredLedger): LedgerView {
  const entries = {
    channel: ({ channel }: StateEntries['channel']['key']) => channels.get(channel),
    reveal: ({ anchor }: StateEntries['reveal']['key']) => {
      const steps = reveals.get(anchor)?.length
      return steps === undefined ? undefined : { steps }
    },
    revealStep: ({ anchor, step }: StateEntries['revealStep']['key']) =>
      reveals.get(anchor)?.[step],
  }
  return {
    read: <Kind extends EntryKind>(kind: Kind, key: StateEntries[Kind]['key']) => {
      assert.ok(kind in entries, `the explored ledger has no ${kind}`)
      // The kind tells which key and which value it is.
      const read = entries[kind as keyof typeof entries] as (key: unknown) => unknown
      return read(key) as StateEntries[Kind]['value'] | undefined
    },
  }
}

function after(ledger: ExploredLedger, run: TransactionRun): ExploredLedger {
  const channels = new Map(ledger.channels)
  const reveals = new Map(ledger.reveals)
  const paid = new Map(ledger.paid)
  for (const write of run.state.writes()) {
    switch (write.kind) {
      case 'channel':
        if (write.value === undefined) channels.delete(write.key.channel)
        else channels.set(write.key.channel, write.value)
        break
      case 'revealStep':
        assert.ok(write.value !== undefined, 'a reveal is for ever')
        reveals.set(write.key.anchor, [...(reveals.get(write.key.anchor) ?? []), write.value])
        break
      case 'reveal':
        break
      case 'coin':
        assert.ok(write.value !== undefined, 'no coin is spent here')
        paid.set(write.value.lock, (paid.get(write.value.lock) ?? 0n) + write.value.amount)
        break
      default:
        assert.fail(`the explored ledger has no ${write.kind}`)
    }
  }
  return { ...ledger, channels, reveals, paid }
}
