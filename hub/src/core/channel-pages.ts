import {
  type ChannelId,
  type ChannelNumber,
  invariant,
  type PublicKey,
  Reader,
  Writer,
} from '@tallystick/protocol'
import { decodeHubChannel, type HubChannel, hubChannelCodec, idOf } from './hub-channel.js'
import { Queue } from './queue.js'
import { SlotIndex } from './slot-index.js'

/** Channels of one page: what a checkpoint writes because one of them has changed. */
export const PAGE_CHANNELS = 16

/** Channels that are kept ready for use; what has rested longest is kept as bytes alone. */
const READY_MAX = 32_768

/** Where pages lie that are not kept in memory. */
export type PageShelf = {
  /** Whether it was put there; one that is too long is not. */
  put(page: number, bytes: Uint8Array): boolean
  take(page: number): Uint8Array
}

/** What is kept in memory. */
export type PageMemory = {
  /** Pages, bytes; absent: all of them. */
  readonly restBytes?: number | undefined
  /** Channels that are ready for use. */
  readonly readyMax?: number | undefined
  /** Where the other pages lie. */
  readonly shelf: PageShelf
}

/**
 * The channels of a hub, in pages of bytes, in the order in which they came. Those in use are kept ready
 * beside them; the others take what their bytes take, or lie on disk beyond what `memory` allows.
 */
export class ChannelPages {
  /** `undefined`: on the shelf. */
  readonly #pages: (Uint8Array | undefined)[] = []
  readonly #memory: PageMemory | undefined
  readonly #readyMax: number
  #bytes = 0
  /** The page that is looked at next when one has to go. */
  #hand = 0
  readonly #ready = new Map<number, HubChannel>()
  /** The slots of those that are ready, each once: the one that is looked at next when one has to go is first. */
  readonly #readyQueue = new Queue<number>()
  /** The slots of those that are ready. */
  readonly #readySlots = new Map<ChannelId, number>()
  /** Slots whose page does not have what is ready of them. */
  readonly #unwritten = new Set<number>()
  readonly #ids = new SlotIndex()
  readonly #owners = new SlotIndex()
  readonly #clientKeys = new SlotIndex()
  readonly #numbers = new Map<ChannelNumber, number>()
  readonly #busy = new Set<number>()
  readonly #resuming = new Set<number>()
  #size = 0

  constructor(memory?: PageMemory) {
    this.#memory = memory
    this.#readyMax = memory?.readyMax ?? READY_MAX
  }

  /** How many channels there are. */
  get size(): number {
    return this.#size
  }

  /** How many channels are not in their page as they are: they are kept ready. */
  get unwritten(): number {
    return this.#unwritten.size
  }

  /** Where a channel is kept: its number in the order in which they came. */
  slotOf(id: ChannelId): number | undefined {
    const ready = this.#readySlots.get(id)
    return ready ?? this.#ids.find(id).find((slot) => idOf(this.at(slot)) === id)
  }

  /** The channel of a slot that is in use. */
  at(slot: number): HubChannel {
    const ready = this.#ready.get(slot)
    if (ready !== undefined) return ready
    const channel = this.#read(slot)
    this.#keepReady(slot, channel)
    return channel
  }

  get(id: ChannelId): HubChannel | undefined {
    const slot = this.slotOf(id)
    return slot === undefined ? undefined : this.at(slot)
  }

  byNumber(number: ChannelNumber): HubChannel | undefined {
    const slot = this.#numbers.get(number)
    return slot === undefined ? undefined : this.at(slot)
  }

  ofOwner(owner: PublicKey): readonly HubChannel[] {
    const channels = this.#owners.find(owner).map((slot) => this.at(slot))
    return channels.filter((channel) => channel.owner === owner)
  }

  hasClientKey(key: PublicKey): boolean {
    return this.#clientKeys.find(key).some((slot) => clientKeyOf(this.at(slot)) === key)
  }

  /** Every channel, in the order in which they came; those that rest are not kept ready for it. */
  *all(): Iterable<HubChannel> {
    for (let slot = 0; slot < this.#size; slot++) yield this.#ready.get(slot) ?? this.#read(slot)
  }

  /** Those with items, debts or a close under way. */
  *busy(): Iterable<HubChannel> {
    for (const slot of this.#busy) yield this.at(slot)
  }

  /** Those that have asked for a resume (CH-18). */
  *resuming(): Iterable<HubChannel> {
    for (const slot of this.#resuming) yield this.at(slot)
  }

  /** Takes a channel in the place of what was known of it, and says in which slot it is. */
  put(channel: HubChannel): number {
    const slot = this.slotOf(idOf(channel))
    if (slot !== undefined) {
      this.putAt(slot, channel)
      return slot
    }
    this.putAt(this.#size, channel)
    return this.#size - 1
  }

  /** Takes a channel into the slot that it has, or into the next one. */
  putAt(slot: number, channel: HubChannel): void {
    const before = slot < this.#size ? this.at(slot) : undefined
    if (before === undefined) {
      invariant(slot === this.#size, 'channels fill the slots in their order')
      this.#size++
      this.#ids.add(idOf(channel), slot)
      this.#numbers.set(channel.party.ledger.number, slot)
      this.#clientKeys.add(clientKeyOf(channel), slot)
    }
    if (before?.owner !== channel.owner) {
      if (before?.owner !== undefined) this.#owners.remove(before.owner, slot)
      if (channel.owner !== undefined) this.#owners.add(channel.owner, slot)
    }
    put(this.#busy, slot, isBusy(channel))
    put(this.#resuming, slot, channel.party.resuming !== undefined)
    this.#unwritten.add(slot)
    this.#keepReady(slot, channel)
  }

  /** The bytes of a page with everything that was put; what was drafted only is not among them. */
  writePage(page: number): Uint8Array {
    const end = Math.min((page + 1) * PAGE_CHANNELS, this.#size)
    let before: readonly Uint8Array[] | undefined
    writer.clear()
    for (let slot = page * PAGE_CHANNELS; slot < end; slot++) {
      if (this.#unwritten.has(slot)) writePiece(writer, this.at(slot))
      else {
        before ??= piecesOf(this.#bytesOf(page))
        const piece = before[slot % PAGE_CHANNELS]
        invariant(piece !== undefined, 'what is not unwritten is in its page')
        writer.bytes(piece)
      }
    }
    const bytes = writer.finish()
    for (let slot = page * PAGE_CHANNELS; slot < end; slot++) this.#unwritten.delete(slot)
    this.#keepPage(page, bytes)
    return bytes
  }

  /** Takes the next page as `writePage` has written it. Throws `MalformedBytes`. */
  readPage(page: number, bytes: Uint8Array): void {
    invariant(page === this.#pages.length && page * PAGE_CHANNELS === this.#size, 'pages in order')
    this.#keepPage(page, bytes)
    const reader = new Reader(bytes)
    while (reader.offset < bytes.length) {
      const { flags, id, number, client, owner, length } = readHead(reader)
      reader.pass(length)
      const slot = this.#size++
      this.#ids.add(id, slot)
      this.#numbers.set(number, slot)
      this.#clientKeys.add(client, slot)
      if (owner !== undefined) this.#owners.add(owner, slot)
      if ((flags & BUSY) !== 0) this.#busy.add(slot)
      if ((flags & RESUMING) !== 0) this.#resuming.add(slot)
    }
  }

  #read(slot: number): HubChannel {
    const bytes = this.#bytesOf(Math.floor(slot / PAGE_CHANNELS))
    const reader = new Reader(bytes)
    for (let before = slot % PAGE_CHANNELS; before > 0; before--) reader.pass(passHead(reader))
    const length = passHead(reader)
    return decodeHubChannel(bytes.subarray(reader.offset, reader.offset + length))
  }

  #bytesOf(page: number): Uint8Array {
    const bytes = this.#pages[page] ?? this.#memory?.shelf.take(page)
    invariant(bytes !== undefined, 'a slot has a page')
    return bytes
  }

  #keepPage(page: number, bytes: Uint8Array): void {
    this.#bytes += bytes.length - (this.#pages[page]?.length ?? 0)
    this.#pages[page] = bytes
    if (this.#memory === undefined) return
    const { restBytes = Number.POSITIVE_INFINITY, shelf } = this.#memory
    // A few at most: of a crowd of pages in use, the next ones are looked at the next time.
    for (let tries = 0; tries < 4 && this.#bytes > restBytes; tries++) {
      this.#hand = (this.#hand + 1) % this.#pages.length
      const other = this.#pages[this.#hand]
      if (other === undefined || this.#isInUse(this.#hand)) continue
      if (!shelf.put(this.#hand, other)) continue
      this.#pages[this.#hand] = undefined
      this.#bytes -= other.length
    }
  }

  /** Whether some channel of the page is wanted as it is: most likely it is written again soon. */
  #isInUse(page: number): boolean {
    const end = Math.min((page + 1) * PAGE_CHANNELS, this.#size)
    for (let slot = page * PAGE_CHANNELS; slot < end; slot++) if (this.#ready.has(slot)) return true
    return false
  }

  #keepReady(slot: number, channel: HubChannel): void {
    if (!this.#ready.has(slot)) this.#readyQueue.push(slot)
    this.#ready.set(slot, channel)
    this.#readySlots.set(idOf(channel), slot)
    // Twice at most: what cannot rest yet goes behind the others.
    for (let tries = 0; tries < 2 && this.#ready.size > this.#readyMax; tries++) {
      const other = this.#readyQueue.shift()
      const resting = other === undefined ? undefined : this.#ready.get(other)
      if (other === undefined || resting === undefined) return
      const isKept = other === slot || this.#unwritten.has(other) || this.#busy.has(other)
      if (isKept || resting.party.draft !== undefined) this.#readyQueue.push(other)
      else {
        this.#ready.delete(other)
        this.#readySlots.delete(idOf(resting))
      }
    }
  }
}

/** What stands before the bytes of a channel, so that a start need not read them. */
const BUSY = 1
const RESUMING = 2
const OWNED = 4

/** One buffer for all pages: each is copied out of it. */
const writer = new Writer()

function writePiece(writer: Writer, channel: HubChannel): void {
  const { party, owner } = channel
  const flags =
    (isBusy(channel) ? BUSY : 0) |
    (party.resuming === undefined ? 0 : RESUMING) |
    (owner === undefined ? 0 : OWNED)
  writer.byte(flags)
  writer.hex(idOf(channel))
  writer.varint(party.ledger.number)
  writer.hex(clientKeyOf(channel))
  if (owner !== undefined) writer.hex(owner)
  writer.sized(() => hubChannelCodec.write(writer, channel))
}

function readHead(reader: Reader) {
  const flags = reader.byte()
  const id = reader.hex(32)
  const number = reader.varint()
  const client = reader.hex(32)
  const owner = (flags & OWNED) === 0 ? undefined : reader.hex(32)
  return { flags, id, number, client, owner, length: reader.varint() }
}

/** Passes what stands before the bytes of a channel, and says how many these are. */
function passHead(reader: Reader): number {
  const flags = reader.byte()
  reader.pass(32)
  reader.varint()
  reader.pass((flags & OWNED) === 0 ? 32 : 64)
  return reader.varint()
}

/** The bytes of each channel of a page, with what stands before them. */
function piecesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const reader = new Reader(bytes)
  const pieces: Uint8Array[] = []
  while (reader.offset < bytes.length) {
    const begin = reader.offset
    reader.pass(passHead(reader))
    pieces.push(bytes.subarray(begin, reader.offset))
  }
  return pieces
}

function clientKeyOf({ party }: HubChannel): PublicKey {
  return party.ledger.client.key
}

function put(slots: Set<number>, slot: number, isIn: boolean): void {
  if (isIn) slots.add(slot)
  else slots.delete(slot)
}

function isBusy({ party, waiting }: HubChannel): boolean {
  if (waiting.length > 0) return true
  if (party.phase.kind === 'closed') return false
  return (
    party.own.items.length > 0 ||
    party.peer.items.length > 0 ||
    party.owed.length > 0 ||
    party.phase.kind === 'agreed' ||
    party.withdrawing !== undefined ||
    party.ledger.status.kind === 'closing'
  )
}
