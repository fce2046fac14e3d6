import type { ReceivedStreamRecord, StreamRecord } from '@tallystick/client-sdk'
import { MAIN_ACCOUNT } from '../core/caller.js'
import { insertBooking } from '../store/booking-store.js'
import type { Statements } from '../store/merchant-database.js'
import { dataOf } from '../store/object-row.js'
import { changeObject, findObject, insertObject } from '../store/object-store.js'
import { type StreamData, streamData } from '../store/stored-data.js'
import { channelName } from './channel-desk.js'
import { type MerchantParts, newId } from './merchant-parts.js'

/** Streams that pay the shop's wallet, and what they have earned. */
export class StreamDesk {
  readonly #parts: MerchantParts

  constructor(parts: MerchantParts) {
    this.#parts = parts
  }

  /** Takes in what the wallet says of a stream; one that it pays itself is not the shop's to list. */
  async learn(stream: StreamRecord): Promise<void> {
    if (stream.kind === 'received') await this.#learn(stream)
  }

  /** Compares the wallet's streams with what has been told of them, back to the newest that was told to be over. */
  async catchUp(): Promise<void> {
    const { wallet } = this.#parts
    for (const stream of wallet.stream.list()) await this.learn(stream)
    for (let after: string | undefined; ; ) {
      const { items, next } = await wallet.stream.ended('received', {
        ...(after !== undefined && { after }),
        limit: 100,
      })
      let isNews = false
      for (const stream of items) isNews = (await this.#learn(stream)) || isNews
      if (next === undefined || !isNews) return
      after = next
    }
  }

  /** Whether it was news. */
  async #learn(stream: ReceivedStreamRecord): Promise<boolean> {
    const { database, news, now } = this.#parts
    const isNews = await database.write(async (statements) => {
      const time = now()
      const event = { time, newId: (prefix: string) => newId(this.#parts, prefix) }
      const known = await findObject(statements, 'kind, link', ['stream', stream.id])
      if (known === undefined) {
        await insertObject(statements, {
          ...{ id: newId(this.#parts, 'str'), kind: 'stream', account: MAIN_ACCOUNT },
          ...{ link: stream.id, status: 'open', created: time, data: dataAt(stream, 0) },
        })
      }
      const found = known ?? (await findObject(statements, 'kind, link', ['stream', stream.id]))
      if (found === undefined) return false
      const before = dataOf(streamData, found)
      const status = stream.status === 'closed' ? 'closed' : 'open'
      if (known !== undefined && status === found.status && before.redeemed >= stream.paid) {
        return false
      }
      const redeemed = Math.max(before.redeemed, stream.paid)
      const earned = stream.unit * BigInt(redeemed - before.redeemed)
      await changeObject(statements, found, { status, data: dataAt(stream, redeemed) }, event)
      // What was earned before the books were begun is in what they begin with.
      if (earned > 0n && (await hasBooks(statements))) {
        await insertBooking(statements, {
          ...{ kind: 'stream', reference: `${found.id}/${redeemed}`, account: MAIN_ACCOUNT },
          ...{ link: '', ledger: 0n, channels: earned, text: '', time },
        })
      }
      return true
    })
    if (isNews) news.tell()
    return isNews
  }
}

async function hasBooks({ all }: Statements): Promise<boolean> {
  const [row] = await all('SELECT height FROM followed')
  return row !== undefined
}

function dataAt(stream: ReceivedStreamRecord, redeemed: number): StreamData {
  const { channel, anchor, unit, ticks, expiry } = stream
  return {
    ...{ channel: channelName(channel), anchor, unit: `${unit}`, ticks, redeemed },
    ...{ earned: `${unit * BigInt(redeemed)}`, expires: expiry },
  }
}
