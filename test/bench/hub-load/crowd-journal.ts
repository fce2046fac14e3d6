import { renameSync } from 'node:fs'
import {
  type Amount,
  type ChainId,
  type ChannelId,
  type ChannelParty,
  newParty,
  type PublicKey,
  sha256,
  toHex,
  utf8,
} from '@tallystick/protocol'
import { type HubChannel, idOf } from '#hub/core/hub-channel.js'
import { openSqliteJournal } from '#hub/store/sqlite-journal.js'

/** Channels of one commit while a journal is written. */
const CHANNELS_PER_COMMIT = 4_096

/**
 * Writes the journal of a hub that does not run anew: its own channels, each with as many more behind it as
 * make up `count`. They are used ones, at rest, whose clients never come; the ledger does not know them, and
 * nobody asks about them.
 */
export async function crowdJournal(
  path: string,
  owner: { readonly chainId: ChainId; readonly hub: PublicKey },
  count: number,
): Promise<void> {
  const before = await openSqliteJournal(path, owner)
  const own = [...before.stored.state.channels()]
  const { height } = before.stored
  await before.close()
  const [pattern] = own
  if (pattern === undefined) throw new Error('a crowd is made after the pattern of a channel')
  const crowded = `${path}.crowded`
  const journal = await openSqliteJournal(crowded, owner)
  const between = Math.floor(count / own.length)
  let gathered = new Map<ChannelId, HubChannel>()
  const commit = async () => {
    await journal.commit({ channels: gathered, payments: new Map(), reveals: new Set() }, height)
    gathered = new Map()
  }
  for (let number = 0; number < count; number++) {
    const real = number % between === 0 ? own[number / between] : undefined
    const channel = real ?? resting(pattern, number)
    gathered.set(idOf(channel), channel)
    if (gathered.size === CHANNELS_PER_COMMIT) await commit()
  }
  await commit()
  await journal.close()
  for (const end of ['', '.mark']) renameSync(`${crowded}${end}`, `${path}${end}`)
}

/** A channel like another one, that has paid and was paid. */
function resting(pattern: HubChannel, number: number): HubChannel {
  const { party } = pattern
  const { ledger } = party
  const client = { ...ledger.client, key: named('client key', number) as PublicKey }
  const id = named('channel', number) as ChannelId
  const rested: ChannelParty = {
    ...newParty('hub', { ...ledger, id, number: 10 ** 9 + number, client }),
    own: { ...party.own, version: number + 1, transferred: BigInt(number) as Amount },
    peer: { ...party.peer, version: number + 1, transferred: BigInt(number) as Amount },
    peerEvidence: { kind: 'single', signature: new Uint8Array(64).fill(number) },
  }
  return { party: rested, owner: named('identity', number) as PublicKey, onward: [], origin: [] }
}

function named(kind: string, number: number): string {
  return toHex(sha256(utf8(`${kind} ${number}`)))
}
