import {
  type Amount,
  type Anchor,
  decodeTrusted,
  type ItemId,
  isRejection,
  parseTickFrame,
} from '@tallystick/protocol'
import {
  type PaidStreamRecord,
  type ReceivedStreamRecord,
  streamRecordCodec,
} from '#client-sdk/stream/stream-records.js'
import { Violation } from './violation.js'

/** A chain that pays somebody: what is on its disk, in ticks. */
type Received = {
  readonly unit: Amount
  readonly known: number
  readonly paid: number
  /** Whether its payee has lost its disk since it came: what was not paid by then it may not know. */
  readonly isLost: boolean
}

type Paid = { readonly record: PaidStreamRecord; readonly isLost: boolean }

/**
 * The books of streams, from what payers have shown and what is on the disks of both: a payer never pays a tick
 * that it has not shown, and of what a payee has on its disk nothing is lost (INV-4, STREAM-8).
 */
export class StreamBooks {
  /** The newest tick of each chain that its payer has shown to anybody. */
  readonly #shown = new Map<Anchor, number>()
  readonly #received = new Map<string, Map<Anchor, Received>>()
  readonly #paid = new Map<string, Map<ItemId, Paid>>()

  /** A frame of ticks leaves its payer. */
  onShown(token: string): void {
    const frame = parseTickFrame(token)
    if (isRejection(frame)) throw new Violation('defect', 'a payer shows what is no frame')
    for (const { anchor, index } of frame.ticks) {
      this.#shown.set(anchor, Math.max(this.shown(anchor), index))
    }
  }

  shown(anchor: Anchor): number {
    return this.#shown.get(anchor) ?? 0
  }

  /** The newest tick of a chain that is on its payee's disk. */
  known(wallet: string, anchor: Anchor): number {
    return this.#received.get(wallet)?.get(anchor)?.known ?? 0
  }

  /** An honest wallet has a stream on its disk, as it is from now on. */
  onStored(wallet: string, bytes: Uint8Array): void {
    const record = decodeTrusted(streamRecordCodec, bytes)
    if (record.kind === 'received') this.#receivedStored(wallet, record)
    else this.#paidStored(wallet, record)
  }

  /** A wallet has lost its disk. */
  onLost(wallet: string): void {
    for (const [anchor, chain] of this.#received.get(wallet) ?? []) {
      this.#received.get(wallet)?.set(anchor, { ...chain, isLost: true })
    }
    for (const [id, chain] of this.#paid.get(wallet) ?? []) {
      this.#paid.get(wallet)?.set(id, { ...chain, isLost: true })
    }
  }

  /**
   * What a wallet is due for ticks, base units: all that it knows. `isAsleep`: it may have been away when that was
   * due, so what was paid by then.
   */
  received(wallet: string, isAsleep: boolean): bigint {
    let sum = 0n
    for (const { unit, known, paid, isLost } of this.#received.get(wallet)?.values() ?? []) {
      sum += unit * BigInt(isLost || isAsleep ? paid : Math.max(known, paid))
    }
    return sum
  }

  /** What its streams have cost a wallet, base units: at most, where it does not know. */
  paid(wallet: string): bigint {
    let sum = 0n
    for (const { record, isLost } of this.#paid.get(wallet)?.values() ?? []) {
      const { unit, fee, paid, status, anchor } = record
      const isKnown = status === 'closed' && !isLost
      sum += (unit + fee) * BigInt(isKnown ? paid : this.shown(anchor))
    }
    return sum
  }

  #receivedStored(wallet: string, { anchor, unit, known, paid }: ReceivedStreamRecord): void {
    const chains = this.#received.get(wallet) ?? new Map<Anchor, Received>()
    const before = chains.get(anchor)
    this.#received.set(
      wallet,
      chains.set(anchor, {
        unit,
        known: Math.max(before?.known ?? 0, known?.index ?? 0),
        paid: Math.max(before?.paid ?? 0, paid),
        isLost: before?.isLost ?? false,
      }),
    )
  }

  #paidStored(wallet: string, record: PaidStreamRecord): void {
    const { id, anchor, paid } = record
    if (paid > this.shown(anchor)) {
      const what = `${wallet} has paid ${paid} ticks of a stream and shown ${this.shown(anchor)}`
      throw new Violation('INV-4', what)
    }
    const chains = this.#paid.get(wallet) ?? new Map<ItemId, Paid>()
    const isLost = chains.get(id)?.isLost ?? false
    this.#paid.set(wallet, chains.set(id, { record, isLost }))
  }
}
