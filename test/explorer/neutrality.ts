import {
  type Anchor,
  type ChannelParty,
  type KnownLink,
  type SignedLane,
  sideStake,
} from '@tallystick/protocol'
import { futuresOf, worstPayout } from './dispute-game.js'
import { type Future, laneName, type Position, partyName } from './dispute-position.js'
import type { ExploredLedger } from './explored-ledger.js'
import { Violation } from './search.js'

/** The hub's sides of all channels that a payment crosses. */
export type HubPositions = {
  readonly parties: readonly ChannelParty[]
  /** All that the hub ever signed, by channel. */
  readonly signed: readonly (readonly SignedLane[])[]
  readonly ledger: ExploredLedger
  /** Links that the clients may make public. */
  readonly secrets: ReadonlyMap<Anchor, KnownLink>
}

/** INV-7: whatever the clients do, and whatever they reveal, the hub has all that it put in. */
export function checkNeutrality(hub: HubPositions): void {
  const positions = positionsOf(hub)
  const deposited = positions.reduce((sum, { party }) => sum + sideStake(party.ledger.hub), 0n)
  for (const future of allFutures(positions)) {
    const values = positions.map((position) =>
      worthIn(position, futureSeenBy(hub, position, future)),
    )
    const total = values.reduce((sum, value) => sum + value, 0n)
    if (total >= deposited) continue
    throw new Violation(
      `INV-7 the hub has ${values.join(' + ')} of ${deposited}; ` +
        `revealed in the end: ${[...future.values()].join(' ') || 'nothing'}`,
    )
  }
}

function positionsOf({ parties, signed, ledger, secrets }: HubPositions): readonly Position[] {
  return parties.map((party, i) => {
    const lanes = signed[i] ?? []
    const known = { resumes: [], taken: [], atLoss: undefined, ledger, secrets } as const
    const common = { honest: 'hub', ...known } as const
    return { ...common, party, signed: lanes, given: lanes.length }
  })
}

/** The futures of all channels together: a link is public on all of them or on none. */
function allFutures(positions: readonly Position[]): readonly Future[] {
  const all = new Map<string, Future>()
  for (const position of positions) {
    for (const future of futuresOf(position)) all.set(nameOf(future), future)
  }
  return [...all.values()]
}

/**
 * What the hub knows it makes public where that pays it: elsewhere it is public then as well. Where
 * it pays, its guard has to see to it.
 */
function futureSeenBy({ parties }: HubPositions, { party }: Position, future: Future): Future {
  const seen = new Map(future)
  for (const other of parties) {
    if (other === party) continue
    for (const { id, known } of other.incoming) {
      const item = other.peer.items.find((pending) => pending.id === id)
      if (item === undefined || known === undefined) continue
      seen.set(item.anchor, Math.max(seen.get(item.anchor) ?? 0, known.index))
    }
  }
  return seen
}

function nameOf(future: Future): string {
  return [...future].map(([anchor, index]) => `${anchor.slice(0, 6)}:${index}`).join()
}

const worths = new Map<string, bigint>()
const WORTHS_MAX = 1_000_000

function worthIn(position: Position, future: Future): bigint {
  const { party, signed, ledger } = position
  const name = [
    ...[party.ledger.number, ledger.time, nameOf(future)],
    ...[partyName(party), signed.map(({ lane }) => laneName(lane)).join()],
    ...[...ledger.reveals].map(
      ([anchor, steps]) => `${anchor}${steps.map(({ index, time }) => `${index}@${time}`)}`,
    ),
  ].join('|')
  const known = worths.get(name)
  if (known !== undefined) return known
  const worth = worstPayout(position, { answers: 'atOnce', guards: false }, future)
  if (worths.size < WORTHS_MAX) worths.set(name, worth)
  return worth
}
