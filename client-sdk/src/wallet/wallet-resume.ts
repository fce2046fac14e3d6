import {
  type ChannelId,
  decode,
  type Entrusted,
  encode,
  entrustedCodec,
  isRejection,
  isUsable,
  type Rejection,
  type ResumeAnswer,
} from '@tallystick/protocol'
import { seenReveals } from '../ledger/seen-reveals.js'
import { WalletError } from '../wallet-error.js'
import { errorOf } from './error-of.js'
import type { WalletCore } from './wallet-core.js'

/**
 * Takes the hub's answer to a request to resume (CH-18), with what the ledger says of the items that
 * it shows. Answers the rejection if it is not taken. Errors: `LedgerError`.
 */
export async function resumeFrom(
  core: WalletCore,
  channel: ChannelId,
  answer: ResumeAnswer,
): Promise<Rejection | undefined> {
  const items = [answer.base, answer.lane].flatMap((shown) => shown?.lane.items ?? [])
  const reveals = await seenReveals(core.feed.ledger, items)
  return core.submit({ kind: 'resumeAnswered', channel, answer, reveals })
}

/** Every channel is resumed before anything is signed on it: durable when the promise is kept. */
export async function loseChannels(core: WalletCore, isRestored: boolean): Promise<void> {
  const waiting = core.channels().filter(({ party }) => party.resuming !== undefined)
  const lost = core.channels().filter(({ books }) => isRestored || books !== 'whole')
  // A request must not outlive its process: a copy of the store could bring it back once answered.
  const by = isRestored ? 'store' : 'hub'
  await core.submitAll(
    waiting.map(({ party }) => ({ kind: 'askedAnew', channel: party.ledger.id }) as const),
  )
  await core.submitAll(
    lost.map(({ party }) => ({ kind: 'stateLost', channel: party.ledger.id, by }) as const),
  )
}

/**
 * Where other devices use the same words, this one's turns are over until the hub has said anew from
 * where to go on (CH-19): durable when the promise is kept.
 */
export async function endTurns(core: WalletCore): Promise<void> {
  if (!core.sharedWords.isSet) return
  const ended = core.channels().filter(({ books, party }) => books === 'whole' && isUsable(party))
  await core.submitAll(
    ended.map(({ party }) => ({ kind: 'turnEnded', channel: party.ledger.id }) as const),
  )
}

/** What a guard gives back, where it is newer; answers whether it was. */
export async function adopt(core: WalletCore, entrusted: unknown): Promise<boolean> {
  const parsed = parseEntrusted(entrusted)
  const refused = await core.submit({ kind: 'adopted', entrusted: parsed })
  if (refused !== undefined && refused.code !== 'nothing_newer') throw errorOf(refused)
  return refused === undefined
}

/** Bytes or an object from outside. Errors: `entrusted_invalid`. */
function parseEntrusted(entrusted: unknown): Entrusted {
  const bytes = entrusted instanceof Uint8Array ? entrusted : bytesOf(entrusted)
  const parsed = bytes && decode(entrustedCodec, bytes)
  if (parsed !== undefined && !isRejection(parsed)) return parsed as Entrusted
  throw new WalletError('entrusted_invalid', 'this is not what a wallet entrusts to a watchtower')
}

function bytesOf(entrusted: unknown): Uint8Array | undefined {
  try {
    return encode(entrustedCodec, entrusted as Entrusted)
  } catch {
    // Whatever the codec cannot write is none.
    return undefined
  }
}
