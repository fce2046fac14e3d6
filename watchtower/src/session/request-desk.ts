import {
  type Channel,
  isRejection,
  type PublicKey,
  type Rejection,
  type Signer,
  signTowerReceipt,
  type Timestamp,
  type TowerConnection,
  type TowerMessage,
  type TowerPolicy,
  type TowerRequest,
  towerActionSubject,
} from '@tallystick/protocol'
import {
  answerRequest,
  type RequestOutcome,
  type RequestRejection,
} from '../core/answer-request.js'
import { type AppointmentRecord, type RecordName, recordName } from '../core/appointment-record.js'
import { BATCH_REQUESTS_MAX } from '../limits.js'
import { entryOf, type TowerStore } from '../store/tower-store.js'
import type { RecordIndex } from '../watch/record-index.js'
import type { ChannelLookup } from './channel-lookup.js'

export type RequestDeskParts = {
  readonly store: TowerStore
  readonly index: RecordIndex
  readonly lookup: ChannelLookup
  readonly signer: Signer
  readonly policy: TowerPolicy
  /** Records that are kept in all, and of one key. */
  readonly recordsMax: number
  readonly recordsPerKeyMax: number
  readonly now: () => Timestamp
  /** A record is new, or has changed. */
  readonly onKept: (name: RecordName, isNew: boolean) => void
  /** The store has failed: the process must end. */
  readonly onFault: (fault: unknown) => void
}

type Work = {
  readonly name: RecordName
  readonly request: TowerRequest
  readonly connection: TowerConnection
  readonly channel: Channel | undefined
  readonly done: (answer: TowerMessage) => void
}

/** Refusals that may pass without the owner's doing. */
const RETRYABLE: ReadonlySet<string> = new Set([
  'channel_unknown',
  'tower_full',
  'key_full',
  'tower_busy',
] satisfies readonly (RequestRejection['code'] | 'tower_busy')[])

/** The only place where records change by what owners say: one batch, one commit, then the answers. */
export class RequestDesk {
  readonly #parts: RequestDeskParts
  readonly #queue: Work[] = []
  #running = false

  constructor(parts: RequestDeskParts) {
    this.#parts = parts
  }

  /** Kept with the answer once what it vouches for is durable. */
  async submit(request: TowerRequest, connection: TowerConnection): Promise<TowerMessage> {
    const name = recordName(towerActionSubject(request.action))
    const channel = await this.#channelOf(name, request)
    if (isRejection(channel)) return refusal(request, channel)
    return new Promise((done) => {
      this.#queue.push({ name, request, connection, channel, done })
      if (!this.#running) void this.#run()
    })
  }

  /** What is kept has its channel; of anything else the ledger is asked. */
  async #channelOf(
    name: RecordName,
    { action }: TowerRequest,
  ): Promise<Channel | undefined | Rejection<'tower_busy'>> {
    const { index, lookup } = this.#parts
    if (action.kind !== 'entrust' || index.get(name) !== undefined) return undefined
    return lookup.find(action.entrusted.number)
  }

  async #run(): Promise<void> {
    this.#running = true
    try {
      while (this.#queue.length > 0) await this.#runBatch(this.#queue.splice(0, BATCH_REQUESTS_MAX))
    } catch (fault) {
      this.#parts.onFault(fault)
    }
    this.#running = false
  }

  async #runBatch(batch: readonly Work[]): Promise<void> {
    const { store, index, onKept } = this.#parts
    const stored = await store.records([...new Set(batch.map(({ name }) => name))])
    const changed = new Map<RecordName, AppointmentRecord | undefined>()
    const outcomes = batch.map((work) => {
      const held = changed.has(work.name) ? changed.get(work.name) : stored.get(work.name)
      const outcome = this.#decide(work, held, changed)
      if (outcome.kind === 'keep') changed.set(work.name, outcome.record)
      if (outcome.kind === 'remove') changed.set(work.name, undefined)
      return { work, outcome }
    })
    const put = [...changed.values()].filter((record) => record !== undefined)
    const remove = [...changed].flatMap(([name, record]) => (record === undefined ? [name] : []))
    if (changed.size > 0) await store.write({ put, remove })
    for (const name of remove) index.remove(name)
    for (const record of put) {
      const name = recordName(record.entrusted)
      const isNew = index.get(name) === undefined
      index.put(entryOf(record))
      onKept(name, isNew)
    }
    for (const { work, outcome } of outcomes) work.done(this.#answer(work, outcome))
  }

  #decide(
    { request, connection, channel }: Work,
    held: AppointmentRecord | undefined,
    changed: ReadonlyMap<RecordName, AppointmentRecord | undefined>,
  ): RequestOutcome | RequestRejection {
    const { index, policy, now, recordsMax, recordsPerKeyMax } = this.#parts
    const room = (owner: PublicKey) => {
      const added = [...changed].filter(
        ([name, record]) => record !== undefined && index.get(name) === undefined,
      )
      if (index.size + added.length >= recordsMax) return 'full'
      const ofKey = added.filter(
        ([, record]) => record?.channel[record.entrusted.owner].key === owner,
      )
      return index.ofKey(owner) + ofKey.length >= recordsPerKeyMax ? 'key_full' : 'room'
    }
    return answerRequest(request, { connection, policy, now: now(), held, channel, room })
  }

  #answer({ request, connection }: Work, outcome: RequestOutcome | RequestRejection): TowerMessage {
    const { number } = request
    const { signer, now } = this.#parts
    switch (outcome.kind) {
      case 'keep':
      case 'kept': {
        const entrusted = outcome.kind === 'keep' ? outcome.record.entrusted : outcome.entrusted
        const signed = signTowerReceipt(connection.chainId, entrusted, now(), signer)
        return { kind: 'kept', number, ...signed }
      }
      case 'found':
        return { kind: 'found', number, entrusted: outcome.entrusted }
      case 'remove':
        return { kind: 'ended', number }
      case 'rejection':
        return refusal(request, outcome)
    }
  }
}

function refusal({ number }: TowerRequest, { code, detail }: Rejection): TowerMessage {
  return {
    ...{ kind: 'refused', number, code, detail: detail.slice(0, 256) },
    retryable: RETRYABLE.has(code),
  }
}
