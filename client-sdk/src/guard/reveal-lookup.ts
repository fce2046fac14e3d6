import {
  type Anchor,
  type ChannelParty,
  isClosing,
  type PendingItem,
  type RevealLookup,
  type Timestamp,
} from '@tallystick/protocol'
import { type Clock, PROCESS_CLOCK } from '../clock.js'
import { inParallel } from '../ledger/in-parallel.js'
import { inTime } from '../ledger/in-time.js'
import type { LedgerAccess } from '../ledger/ledger-access.js'
import { LedgerError } from '../ledger/ledger-error.js'
import { settledLanes } from './answer-force-close.js'

/** Reveals that are asked for at the same time. */
const PARALLEL_LOOKUPS = 16
/** Until one counts as not answered, milliseconds. */
const LOOKUP_MS_MAX = 5_000

/**
 * The reveals that settle closing channels, looked up before the pure rules ask for them. What the
 * ledger has said of an anchor stays true until a block reveals another link of it: so with ten
 * thousand closing channels a block costs no more questions than it has news.
 */
export class RevealLookups {
  readonly #ledger: Pick<LedgerAccess, 'reveal'>
  readonly #clock: Clock
  /** Newest link (0: none) by anchor and last time that counts. */
  #known: ReadonlyMap<string, number> = new Map()

  constructor(ledger: Pick<LedgerAccess, 'reveal'>, clock: Clock = PROCESS_CLOCK) {
    this.#ledger = ledger
    this.#clock = clock
  }

  /**
   * What is revealed of the items of `parties` that are closing, after a block that has revealed
   * links of the anchors `news`; `unknown`: blocks were missed, and all is asked for afresh.
   */
  async of(
    parties: Iterable<Pick<ChannelParty, 'ledger'>>,
    news: ReadonlySet<Anchor> | 'unknown',
  ): Promise<RevealLookup> {
    const wanted = new Map<string, PendingItem>()
    for (const party of parties) {
      for (const item of closingItems(party)) wanted.set(nameOf(item.anchor, item.expiry), item)
    }
    const before = this.#known
    const known = new Map<string, number>()
    this.#known = known
    await inParallel([...wanted], PARALLEL_LOOKUPS, async ([name, { anchor, expiry }]) => {
      const held = news === 'unknown' || news.has(anchor) ? undefined : before.get(name)
      const link = held ?? (await this.#lookUp(anchor, expiry))
      if (link !== undefined) known.set(name, link)
    })
    return (anchor, notAfter) => known.get(nameOf(anchor, notAfter)) ?? 0
  }

  /**
   * The newest link (0: none); `undefined` when the ledger does not say now. Then it counts as none
   * for this block, so that it holds up no duty of another channel, and is asked for again.
   */
  async #lookUp(anchor: Anchor, notAfter: Timestamp): Promise<number | undefined> {
    try {
      const { value } = await inTime(this.#clock, LOOKUP_MS_MAX, (signal) =>
        this.#ledger.reveal(anchor, notAfter, signal),
      )
      return value?.index ?? 0
    } catch (error) {
      if (error instanceof LedgerError) return undefined
      throw error
    }
  }
}

/** The same, once. */
export function revealLookupOf(
  ledger: Pick<LedgerAccess, 'reveal'>,
  parties: Iterable<Pick<ChannelParty, 'ledger'>>,
): Promise<RevealLookup> {
  return new RevealLookups(ledger).of(parties, 'unknown')
}

/**
 * What is revealed of `items`, each asked for once. Unlike `RevealLookups`, for a caller that would
 * rather hear that the ledger does not say than take it for nothing. Throws `LedgerError`.
 */
export async function revealLookupFor(
  ledger: Pick<LedgerAccess, 'reveal'>,
  items: readonly PendingItem[],
  signal?: AbortSignal,
): Promise<RevealLookup> {
  const wanted = new Map(items.map((item) => [nameOf(item.anchor, item.expiry), item]))
  const known = new Map<string, number>()
  await inParallel([...wanted], PARALLEL_LOOKUPS, async ([name, { anchor, expiry }]) => {
    known.set(name, (await ledger.reveal(anchor, expiry, signal)).value?.index ?? 0)
  })
  return (anchor, notAfter) => known.get(nameOf(anchor, notAfter)) ?? 0
}

function nameOf(anchor: Anchor, notAfter: number): string {
  return `${anchor}:${notAfter}`
}

/** The items of all lanes that a closing channel may be settled with. */
export function closingItems({ ledger }: Pick<ChannelParty, 'ledger'>): readonly PendingItem[] {
  if (!isClosing(ledger)) return []
  return [...settledLanes(ledger, 'client'), ...settledLanes(ledger, 'hub')].flatMap(
    ({ items }) => items,
  )
}
