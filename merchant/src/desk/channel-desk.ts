import type { WalletChannel } from '@tallystick/client-sdk'
import type { OpenedWallet } from '@tallystick/client-sdk/node'
import { type ChannelId, isClosing } from '@tallystick/protocol'
import { MAIN_ACCOUNT } from '../core/caller.js'
import type { ChannelStatus } from '../core/object-events.js'
import { insertEvent } from '../store/event-store.js'
import { dataOf, type StoredObject } from '../store/object-row.js'
import { changeObject, findObject, insertObject } from '../store/object-store.js'
import { type DoneRequest, rememberRequest } from '../store/request-store.js'
import { type ChannelData, channelData } from '../store/stored-data.js'
import { type MerchantParts, newId } from './merchant-parts.js'

/** The shop's channels, as they are opened, closing and settled. */
export class ChannelDesk {
  readonly #parts: MerchantParts
  /** What has been told of each already. */
  readonly #told = new Map<string, ChannelStatus>()
  /** Being closed at the shop's word. */
  readonly #closing = new Set<ChannelId>()
  #last: Promise<void> = Promise.resolve()

  constructor(parts: MerchantParts) {
    this.#parts = parts
  }

  /** Looks at the channels again at each block; call the answer to stop. */
  follow(feed: OpenedWallet['feed']): () => void {
    return feed.subscribe(() => {
      // Not waited for: a slow disk must not hold up the wallet's own look at the block.
      this.catchUp().catch((error) => this.#parts.onProblem('channels_not_followed', `${error}`))
    })
  }

  /**
   * Has a channel be closed by agreement with the hub, once nothing is pending on it; kept at once, and its events tell
   * the rest. A close that was begun goes on at the next start.
   */
  async close(channel: StoredObject, request: DoneRequest): Promise<void> {
    await this.#parts.database.write((statements) => rememberRequest(statements, request))
    this.#close(channel.link as ChannelId)
  }

  /** Goes on closing what was being closed. */
  resume(): void {
    for (const { party } of this.#parts.wallet.channels()) {
      const { kind } = party.phase
      if (kind === 'draining' || kind === 'agreed') this.#close(party.ledger.id)
    }
  }

  #close(id: ChannelId): void {
    if (this.#closing.has(id)) return
    this.#closing.add(id)
    this.#parts.wallet
      .closeChannel(id)
      .catch((error) => this.#parts.onProblem('channel_not_closed', String(error)))
      .finally(() => this.#closing.delete(id))
  }

  /** Compares the wallet's channels with what has been told of them. */
  catchUp(): Promise<void> {
    const next = this.#last.then(() => this.#look())
    this.#last = next.catch(() => undefined)
    return next
  }

  async #look(): Promise<void> {
    for (const held of this.#parts.wallet.allChannels()) {
      const { id } = held.party.ledger
      const status = channelStatus(held)
      if (this.#told.get(id) === status) continue
      await this.#tell(held, status)
      this.#told.set(id, status)
    }
  }

  async #tell(held: WalletChannel, status: ChannelStatus): Promise<void> {
    const { database, news, now } = this.#parts
    const { id: link, number, asset, openedTime, client, hub } = held.party.ledger
    await database.write(async (statements) => {
      const time = now()
      const event = { time, newId: (prefix: string) => newId(this.#parts, prefix) }
      if ((await findObject(statements, 'kind, link', ['channel', link])) === undefined) {
        const data: ChannelData = {
          ...{ channel: link, number, asset, opened: openedTime },
          ...{ deposited: client.deposited.toString(), inbound: hub.deposited.toString() },
        }
        const id = channelName(link)
        await insertObject(statements, {
          ...{ id, kind: 'channel', account: MAIN_ACCOUNT, link, status: 'open' },
          ...{ created: time, data },
        })
        const made = await findObject(statements, 'id', [id])
        if (made !== undefined) {
          const opened = { id: event.newId('evt'), type: 'channel.opened', object: made, time }
          await insertEvent(statements, opened, event.newId)
        }
      }
      const found = await findObject(statements, 'kind, link', ['channel', link])
      if (found === undefined || found.status === status) return
      const data = dataOf(channelData, found)
      await changeObject(statements, found, { status, data }, event)
    })
    news.tell()
  }
}

/** The name of a channel in the API: it follows from the ledger's. */
export function channelName(id: string): string {
  return `ch_${id.slice(0, 24)}`
}

export function channelStatus({ party: { phase, ledger } }: WalletChannel): ChannelStatus {
  if (phase.kind === 'closed') return 'closed'
  return phase.kind !== 'open' || isClosing(ledger) ? 'closing' : 'open'
}
