import {
  type ChainId,
  type Channel,
  checkEntrusted,
  type Entrusted,
  isRejection,
  type Role,
  type Signer,
  type TowerAction,
  timestamp,
} from '@tallystick/protocol'
import { WalletError } from '../wallet-error.js'
import { type TowerAddress, type TowerAnswer, TowerSession } from './tower-session.js'

/** Whose appointment is meant: the channel as the ledger proves it, the side, its channel key. */
export type AppointmentOwner = {
  readonly channel: Channel
  readonly owner: Role
  readonly signer: Signer
}

/**
 * What a tower keeps for an owner that has lost its store: checked to be signed by both sides for this
 * channel. That it is the newest, nobody can check: ask every tower, and the hub. `undefined`: it keeps
 * nothing of this key. Errors: `tower_unreachable`, `wrong_tower`, `tower_answer_malformed`.
 */
export async function fetchEntrusted(
  tower: TowerAddress,
  of: AppointmentOwner,
): Promise<Entrusted | undefined> {
  return readFound(tower.chainId, of, await askAbout(tower, of, 'fetch'))
}

/** What a tower's answer to `fetch` gives back; `undefined`: nothing. Errors: `tower_answer_malformed`. */
export function readFound(
  chainId: ChainId,
  { channel, owner }: Pick<AppointmentOwner, 'channel' | 'owner'>,
  answer: TowerAnswer,
): Entrusted | undefined {
  if (answer.kind !== 'found') return undefined
  // Whether it may still challenge is no question here.
  const refused = checkEntrusted(chainId, channel, answer.entrusted, timestamp(0))
  if (isRejection(refused) || answer.entrusted.owner !== owner) {
    throw new WalletError('tower_answer_malformed', 'the watchtower gave back what nobody signed')
  }
  return answer.entrusted
}

/** Has a tower keep nothing of a channel any more. Errors: as of `fetchEntrusted`. */
export async function endAppointment(tower: TowerAddress, of: AppointmentOwner): Promise<void> {
  await askAbout(tower, of, 'end')
}

async function askAbout(
  tower: TowerAddress,
  { channel, owner, signer }: AppointmentOwner,
  kind: Exclude<TowerAction['kind'], 'entrust'>,
): Promise<TowerAnswer> {
  const session = await TowerSession.open(tower)
  try {
    const answer = await session.ask({ kind, channel: channel.id, owner }, signer)
    if (answer.kind !== 'refused' || answer.code === 'appointment_unknown') return answer
    throw new WalletError(answer.code, answer.detail, { retryable: answer.retryable })
  } finally {
    session.close()
  }
}
