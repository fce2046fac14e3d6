import {
  type Block,
  blockCodec,
  blockDigest,
  decodeTrusted,
  type Genesis,
  type Signer,
} from '@tallystick/protocol'
import { readBlock, type VerifiedBlock } from '#client-sdk/ledger/follow-blocks.js'
import type { Engine } from '#settlement/engine/engine.js'
import { shownGenesis } from '#settlement/node/check-tip-mark.js'
import { LedgerNode } from '#settlement/node/ledger-node.js'
import type { TipMarkRecord } from '#settlement/store/tip-mark.js'
import { Incarnation } from './incarnation.js'
import type { Random } from './random.js'
import type { Schedule } from './schedule.js'
import { VirtualDisk } from './virtual-disk.js'
import { LedgerRecords, virtualLedgerStore } from './virtual-ledger-store.js'

/** Virtual milliseconds from one block to the next. */
export const BLOCK_MS = 5_000

/** The validator's node, production code below its HTTP API, over a virtual disk. */
export class LedgerActor {
  readonly genesis: Genesis
  readonly records = new LedgerRecords()
  readonly disk: VirtualDisk
  /** The blocks that were shown, by height from 1 on. */
  readonly blocks: VerifiedBlock[] = []
  readonly #schedule: Schedule
  readonly #validator: Signer
  readonly #watchers = new Set<() => void>()
  readonly #onBlock: (block: VerifiedBlock) => void
  readonly #onFault: (fault: unknown) => void
  #mark: TipMarkRecord | undefined
  #node: LedgerNode | undefined
  life: Incarnation
  /** How wrong the validator's clock is, milliseconds. */
  skewMs = 0
  /** Until when what is handed in waits before the node looks at it: blocks are full. */
  congestedUntilMs = 0

  constructor(
    schedule: Schedule,
    random: Random,
    genesis: Genesis,
    validator: Signer,
    on: {
      readonly block: (block: VerifiedBlock) => void
      readonly fault: (fault: unknown) => void
    },
  ) {
    this.#schedule = schedule
    this.genesis = genesis
    this.#validator = validator
    this.#onBlock = on.block
    this.#onFault = on.fault
    this.disk = new VirtualDisk(schedule, random)
    this.life = new Incarnation(schedule, () => undefined)
    this.life.end()
  }

  get isUp(): boolean {
    return this.life.isAlive && this.#node !== undefined
  }

  get node(): LedgerNode {
    if (this.#node === undefined) throw new Error('the ledger node has not started')
    return this.#node
  }

  /** Starts a process over what is on the disk. */
  async start(): Promise<void> {
    if (this.life.isAlive) return
    const life = new Incarnation(this.#schedule, () => {
      this.#node = undefined
      this.disk.crash()
    })
    this.life = life
    const node = await LedgerNode.open({
      genesis: this.genesis,
      store: virtualLedgerStore(life, this.disk, this.records),
      mark: this.#tipMark(),
      engine: this.#engine(life),
      versions: new Set([this.genesis.parameters.protocolVersion]),
      clock: () => this.genesis.time * 1_000 + this.#schedule.nowMs + this.skewMs,
      onFault: (fault) => (life.isAlive ? this.#fault(life, fault) : undefined),
      onUnsupportedUpgrade: () => undefined,
      onStall: () => undefined,
      onDamagedBlock: (damaged) => this.#onFault(damaged),
    })
    if (!life.isAlive) return
    // Shown before as well, or on disk when the process went: feeds send it to whoever lacks it.
    for (const { bytes } of this.records.blocks.slice(this.blocks.length)) this.#show(bytes)
    node.onBlock(({ bytes }) => this.#show(bytes))
    this.#node = node
    // A first turn that fails is told to nobody else.
    node.start().catch((fault) => (life.isAlive ? this.#fault(life, fault) : undefined))
  }

  /** Told at every block that is shown; call the answer to stop. */
  watch(act: () => void): () => void {
    this.#watchers.add(act)
    return () => this.#watchers.delete(act)
  }

  /** A broken promise of the disk ends the process; anything else is a defect of ours. */
  #fault(life: Incarnation, fault: unknown): void {
    const code = fault instanceof Error && 'code' in fault ? fault.code : undefined
    if (code !== 'store_failed') this.#onFault(fault)
    life.crash()
  }

  #show(bytes: Uint8Array): void {
    const verified = readBlock(decodeTrusted<Block>(blockCodec, bytes))
    this.blocks.push(verified)
    this.#onBlock(verified)
    for (const act of [...this.#watchers]) act()
  }

  #tipMark() {
    const actor = this
    const { genesis } = this
    return {
      get found(): TipMarkRecord {
        return actor.#mark ?? { ...shownGenesis(genesis), part: 'validator' }
      },
      note: async (shown: { readonly height: number; readonly id: TipMarkRecord['id'] }) => {
        actor.#mark = { ...shown, part: 'validator' }
      },
    }
  }

  /** Gives its node a turn at every interval. */
  #engine(life: Incarnation): Engine {
    return {
      propose: ({ signal }) =>
        new Promise((done) => {
          life.clock.after(BLOCK_MS, () => done({ kind: signal.aborted ? 'stopped' : 'build' }))
        }),
      certify: async ({ header }) => [
        { validator: 0, signature: this.#validator.sign(blockDigest(header)) },
      ],
      finalize: () => undefined,
    }
  }
}
