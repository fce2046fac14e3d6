import {
  type Anchor,
  type ChannelId,
  encode,
  invariant,
  type Timestamp,
  type TxId,
} from '@tallystick/protocol'
import { decodeHubChannel, type HubChannel, hubChannelCodec } from '#hub/core/hub-channel.js'
import { HubState } from '#hub/core/hub-state.js'
import type { HubWrites } from '#hub/core/hub-view.js'
import { type Payment, type PaymentStatus, sumOf } from '#hub/core/payment.js'
import type { Journal, LedgerJob, PaymentTotals } from '#hub/store/journal.js'
import type { Incarnation } from './incarnation.js'
import type { VirtualDisk } from './virtual-disk.js'

/** What lies on a hub's disk. */
export class JournalRecords {
  channels = new Map<ChannelId, HubChannel>()
  payments = new Map<Anchor, Payment>()
  reveals = new Set<Anchor>()
  jobs = new Map<TxId, LedgerJob>()
  height = -1
  /** When it was last a restored copy (JRN-6). */
  restoredTime: Timestamp | undefined

  /** As a backup would have it. */
  copy(): JournalRecords {
    const copy = new JournalRecords()
    copy.channels = new Map(this.channels)
    copy.payments = new Map(this.payments)
    copy.reveals = new Set(this.reveals)
    copy.jobs = new Map(this.jobs)
    copy.height = this.height
    copy.restoredTime = this.restoredTime
    return copy
  }
}

/** A hub's journal for one life of its process. `onCommit` hears what was handed in to be written. */
export function virtualJournal(
  life: Incarnation,
  disk: VirtualDisk,
  records: JournalRecords,
  onCommit: (writes: HubWrites) => void,
): Journal {
  // Through the bytes, as a hub that starts reads them.
  const state = new HubState(
    [...records.channels.values()].map((channel) =>
      decodeHubChannel(encode(hubChannelCodec, channel)),
    ),
  )
  let isBusy = false
  return {
    stored: {
      state,
      height: records.height,
      jobs: [...records.jobs.values()],
      restoredTime: records.restoredTime,
    },
    payments: (anchors) =>
      disk.read(life, () => anchors.flatMap((anchor) => records.payments.get(anchor) ?? [])),
    reveals: (anchors) =>
      disk.read(life, () => anchors.filter((anchor) => records.reveals.has(anchor))),
    commit: async (writes, height) => {
      invariant(!isBusy, 'batches are committed one after the other')
      isBusy = true
      onCommit(writes)
      await disk.transact(life, () => {
        for (const [id, channel] of writes.channels) records.channels.set(id, channel)
        for (const [anchor, payment] of writes.payments) records.payments.set(anchor, payment)
        for (const anchor of writes.reveals) records.reveals.add(anchor)
        if (height !== undefined) records.height = height
      })
      state.apply(writes)
      isBusy = false
    },
    addJob: (job) => disk.transact(life, () => records.jobs.set(job.id, job)),
    removeJob: (id) => disk.transact(life, () => records.jobs.delete(id)),
    finished: async () => [],
    totals: async () => totalsOf(records.payments.values()),
    checkHistory: async () => undefined,
    close: async () => undefined,
  }
}

function totalsOf(payments: Iterable<Payment>): readonly PaymentTotals[] {
  const sums = new Map<PaymentStatus, PaymentTotals>()
  for (const payment of payments) {
    const { status } = payment
    const { amount, fee } = sumOf(payment)
    const before = sums.get(status) ?? { status, count: 0, amount: 0n, fee: 0n }
    sums.set(status, {
      status,
      count: before.count + 1,
      amount: before.amount + amount,
      fee: before.fee + fee,
    })
  }
  return [...sums.values()]
}
