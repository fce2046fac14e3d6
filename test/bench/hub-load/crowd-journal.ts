import { renameSync } from 'node:fs'
import {
  type Amount,
  type ChainId,
  type ChannelId,
  type ChannelParty,
  LANE_START,
  type LaneState,
  newParty,
  type PublicKey,
  sha256,
  toHex,
  utf8,
} from '@tallystick/protocol'
import { type HubChannel, idOf } from '#hub/core/hub-channel.js'
import { SESSION_CHANNELS_MAX } from '#hub/limits.js'
import { openSqliteJournal } from '#hub/store/sqlite-journal.js'
import { channelKeyOf, identityOf } from './load-keys.js'
import type { LoadClientName } from './load-process.js'

/** Channels of one commit while a journal is written. */
const CHANNELS_PER_COMMIT = 4_096
/** Numbers of sleepers and of their sessions begin here: no other client of a load comes so far. */
const SLEEPER_FIRST = 2 ** 31

/** How many channels there are to be, and how many of those that rest have a client that comes back. */
export type Crowd = { readonly channels: number; readonly sleepers: number }

/**
 * Writes the journal of a hub that does not run anew: its own channels, each with as many more behind it as
 * make up the crowd. They are used ones, at rest, which the ledger does not know: nobody asks about them.
 * Sleepers are spread among them evenly, and share sessions, as many as one may have; those of one session
 * are far from each other. Returns who they are, session by session.
 */
export async function crowdJournal(
  path: string,
  owner: { readonly chainId: ChainId; readonly hub: PublicKey },
  crowd: Crowd,
): Promise<readonly LoadClientName[]> {
  const before = await openSqliteJournal(path, owner)
  const own = [...before.stored.state.channels()]
  const { height } = before.stored
  await before.close()
  const [pattern] = own
  if (pattern === undefined) throw new Error('a crowd is made after the pattern of a channel')
  const crowded = `${path}.crowded`
  const journal = await openSqliteJournal(crowded, owner)
  const between = Math.floor(crowd.channels / own.length)
  const sessions = Math.ceil(crowd.sleepers / SESSION_CHANNELS_MAX)
  const owners = Array.from({ length: sessions }, (_, i) => identityOf(SLEEPER_FIRST + i).publicKey)
  const sleepers: LoadClientName[] = []
  let gathered = new Map<ChannelId, HubChannel>()
  const commit = async () => {
    await journal.commit({ channels: gathered, payments: new Map(), reveals: new Set() }, height)
    gathered = new Map()
  }
  const restingAt = (number: number): HubChannel => {
    const isSleeper = (number + 1) * crowd.sleepers >= (sleepers.length + 1) * crowd.channels
    if (!isSleeper) return resting(pattern, number, strangerOf(number))
    const session = sleepers.length % sessions
    const client = SLEEPER_FIRST + number
    const key = channelKeyOf(client).publicKey
    const channel = resting(pattern, number, { key, owner: owners[session] })
    const sessionNumber = SLEEPER_FIRST + session
    const lane = restedLane(number)
    sleepers.push({ number: client, channel: idOf(channel), sessionNumber, lane })
    return channel
  }
  for (let number = 0; number < crowd.channels; number++) {
    const real = number % between === 0 ? own[number / between] : undefined
    const channel = real ?? restingAt(number)
    gathered.set(idOf(channel), channel)
    if (gathered.size === CHANNELS_PER_COMMIT) await commit()
  }
  await commit()
  await journal.close()
  for (const end of ['', '.mark']) renameSync(`${crowded}${end}`, `${path}${end}`)
  return sleepers.toSorted((a, b) => (a.sessionNumber ?? 0) - (b.sessionNumber ?? 0))
}

type Client = { readonly key: PublicKey; readonly owner: PublicKey | undefined }

/** A channel like another one, that has paid and was paid. */
function resting({ party }: HubChannel, number: number, { key, owner }: Client): HubChannel {
  const { ledger } = party
  const client = { ...ledger.client, key }
  const id = named('channel', number) as ChannelId
  const rested: ChannelParty = {
    ...newParty('hub', { ...ledger, id, number: 10 ** 9 + number, client }),
    own: restedLane(number),
    peer: restedLane(number),
    peerEvidence: { kind: 'single', signature: new Uint8Array(64).fill(number) },
  }
  return { party: rested, owner, onward: [], origin: [], waiting: [] }
}

/** Either lane of a channel that has rested since it paid and was paid as much. */
function restedLane(number: number): LaneState {
  const version = number + 1
  return { ...LANE_START, version, acked: version, transferred: BigInt(number) as Amount }
}

/** A client that never comes: nobody has its keys. */
function strangerOf(number: number): Client {
  const key = named('client key', number) as PublicKey
  return { key, owner: named('identity', number) as PublicKey }
}

function named(kind: string, number: number): string {
  return toHex(sha256(utf8(`${kind} ${number}`)))
}
