import { type LedgerAccess, LedgerError, type Proven } from '@tallystick/client-sdk'
import {
  type Codec,
  chainIdOf,
  decodeTrusted,
  type EntryKind,
  encode,
  feeRateOf,
  STATE_ENTRIES,
  type StateEntries,
  stateKey,
  type Timestamp,
  type Transaction,
  type TxId,
  toHex,
  transactionCodec,
} from '@tallystick/protocol'
import type { VerifiedBlock } from '#client-sdk/ledger/follow-blocks.js'
import { pause } from '#client-sdk/ledger/pause.js'
import { channelPlaces } from './channel-places.js'
import { type Incarnation, never } from './incarnation.js'
import type { LedgerActor } from './ledger-actor.js'
import type { Random } from './random.js'
import type { Schedule } from './schedule.js'

/** Virtual milliseconds between two looks at whether a transaction is in. */
const CONFIRM_MS = 500
/** Virtual milliseconds after which an answer is not waited for any more. */
const REQUEST_MS_MAX = 10_000
/** Until when one process cannot reach the ledger, virtual milliseconds. */
export type LedgerLine = { apartUntilMs: number }

/** How long a party waits before it really hands a transaction in, virtual milliseconds. */
export type Hand = (transaction: Transaction) => number

/**
 * The ledger as one process sees it, over a network that delays and fails. It answers from what the
 * node has on disk; proofs and certificates, which light clients check, are not simulated.
 */
export function virtualLedgerAccess(
  schedule: Schedule,
  random: Random,
  ledger: LedgerActor,
  life: Incarnation,
  line: LedgerLine,
  hand: Hand | undefined,
): LedgerAccess {
  const { genesis, records } = ledger
  const { parameters } = genesis
  const chainId = chainIdOf(genesis)
  const tip = () => {
    const header = ledger.blocks.at(-1)?.header
    return header ?? ledger.node.genesisHeader
  }
  /** One way of a question or an answer. */
  const trip = async () => {
    if (!life.passes()) return never<void>()
    await schedule.pause(random.int(1, 30))
    if (!life.isAlive) return never<void>()
    if (!ledger.isUp || schedule.nowMs < line.apartUntilMs) {
      throw unreachable()
    }
  }
  const entry = <Kind extends EntryKind>(
    kind: Kind,
    key: StateEntries[Kind]['key'],
  ): StateEntries[Kind]['value'] | undefined => {
    const row = records.entries.get(toHex(stateKey(kind, key)))
    const codec = STATE_ENTRIES[kind].value as Codec<StateEntries[Kind]['value']>
    return row && decodeTrusted(codec, row.value)
  }
  const ask = async <T>(answer: () => T | undefined): Promise<Proven<T>> => {
    await trip()
    const value = answer()
    return { value, header: tip() }
  }
  const nextBlock = async (height: number, signal: AbortSignal): Promise<VerifiedBlock> => {
    for (;;) {
      const apart = Math.max(0, line.apartUntilMs - schedule.nowMs)
      await pause(random.int(1, 60) + apart, signal, life.clock)
      const block = ledger.blocks[height - 1]
      if (block !== undefined && schedule.nowMs >= line.apartUntilMs) return block
      if (block === undefined) await shown(height, signal)
    }
  }
  const shown = (height: number, signal: AbortSignal) =>
    new Promise<void>((done) => {
      const stop = ledger.watch(() => {
        if (ledger.blocks.length < height && !signal.aborted) return
        stop()
        if (life.isAlive) done()
      })
    })
  const statusOf = async (id: TxId) => {
    await trip()
    const status = await ledger.node.transactionStatus(id)
    if (status.kind === 'included') return { kind: status.kind, height: status.height }
    return status.kind === 'rejected' ? { ...status.rejection, kind: status.kind } : status
  }
  return {
    chainId,
    genesis,
    parameters,
    feePerKiloCost: (asset) => feeRateOf(parameters, asset),
    refresh: async () => (await ask(() => undefined)).header,
    channel: (number) => ask(() => entry('channel', { channel: number })),
    reveal: (anchor, notAfter: Timestamp) =>
      ask(() => {
        const steps = entry('reveal', { anchor })?.steps ?? 0
        return Array.from({ length: steps }, (_, step) => entry('revealStep', { anchor, step }))
          .filter((step) => step !== undefined && step.time <= notAfter)
          .at(-1)
      }),
    coinsOf: async (lock) => {
      await trip()
      return [...records.entries.values()].flatMap((row) => {
        if (row.kind !== 'coin' || row.lock === null || toHex(row.lock) !== lock) return []
        const outpoint = decodeTrusted(STATE_ENTRIES.coin.key, row.entryKey)
        return [{ outpoint, coin: decodeTrusted(STATE_ENTRIES.coin.value, row.value) }]
      })
    },
    channelsOf: async (key) => {
      await trip()
      return [...records.entries.values()].flatMap((row) => {
        if (row.kind !== 'channel') return []
        const channel = decodeTrusted(STATE_ENTRIES.channel.value, row.value)
        return channel.client.key === key || channel.hub.key === key ? [channel] : []
      })
    },
    submit: async (transaction) => {
      await trip()
      const late = hand?.(transaction) ?? 0
      if (late > 0) await schedule.pause(late)
      const wait = ledger.congestedUntilMs - schedule.nowMs
      if (wait > 0) await schedule.pause(random.int(0, wait))
      // What has left the process is under way, whatever becomes of the process.
      if (!ledger.isUp) throw unreachable()
      const said = await Promise.race([
        ledger.node.submit(encode(transactionCodec, transaction)),
        schedule.pause(REQUEST_MS_MAX),
      ])
      await trip()
      if (said === undefined) throw unreachable()
      if (said.kind !== 'refused') return said.id
      const { code, detail } = said.rejection
      const retryable = code === 'node_busy'
      throw new LedgerError({ code, detail, retryable, status: retryable ? 503 : 422 })
    },
    block: async (height) => {
      await trip()
      const block = ledger.blocks[height - 1]
      if (block !== undefined) return block
      const detail = `there is no block ${height}`
      throw new LedgerError({ code: 'not_found', detail, retryable: false })
    },
    channelPlaces: async (number) => {
      await trip()
      return channelPlaces(ledger.blocks, number)
    },
    transactionStatus: (id) => statusOf(id),
    confirmed: async (id, { signal } = {}) => {
      for (;;) {
        try {
          const status = await statusOf(id)
          if (status.kind === 'included') return { height: status.height }
          if (status.kind === 'rejected') throw new LedgerError({ ...status, retryable: false })
        } catch (error) {
          if (!(error instanceof LedgerError && error.retryable)) throw error
        }
        await pause(CONFIRM_MS, signal, life.clock)
      }
    },
    follow: async ({ from, onBlock, signal }) => {
      for (let height = from; !signal.aborted; height++) {
        await onBlock(await nextBlock(height, signal))
      }
    },
  }
}

function unreachable(): LedgerError {
  const detail = 'the ledger does not answer'
  return new LedgerError({ code: 'ledger_unreachable', detail, retryable: true })
}
