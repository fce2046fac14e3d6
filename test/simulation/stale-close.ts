import { channelFeeTransaction } from '@tallystick/client-sdk'
import {
  amount,
  type ChannelId,
  type ChannelParty,
  claimableOf,
  isRejection,
  type OperationOf,
  type Signer,
  TIMESTAMP_MAX,
  timestamp,
} from '@tallystick/protocol'
import { forceCloseOperation } from '#client-sdk/guard/duties.js'
import type { LedgerAccess } from '#client-sdk/ledger/ledger-access.js'
import type { CloseLie } from './action.js'
import { FEE_PER_KILO_COST } from './hub-actor.js'
import type { Liar } from './liar.js'
import type { Random } from './random.js'

/** Force-closes a channel with what a liar would rather have, whatever it has signed since. */
export async function closeWithLie(
  {
    liar,
    access,
    signer,
  }: { readonly liar: Liar; readonly access: LedgerAccess; readonly signer: Signer },
  channel: ChannelId,
  how: CloseLie,
  random: Random,
): Promise<void> {
  const held = liar.held(channel)
  const newest = held.at(-1)
  if (newest === undefined) return
  const built = channelFeeTransaction({
    chainId: access.chainId,
    channel: newest.ledger.number,
    role: newest.role,
    signer,
    operations: [lyingOperation(newest, held, how, random)],
    reveals: [],
    feePerKiloCost: FEE_PER_KILO_COST,
    validFrom: timestamp(0),
    validUntil: TIMESTAMP_MAX,
  })
  if (!isRejection(built)) await access.submit(built.transaction)
}

function lyingOperation(
  newest: ChannelParty,
  held: readonly ChannelParty[],
  how: CloseLie,
  random: Random,
): OperationOf<'forceClose'> {
  const operation = forceCloseOperation(newest)
  const { own } = operation
  switch (how) {
    case 'stale':
      return forceCloseOperation(random.pick(held))
    case 'previous':
      return forceCloseOperation(
        held.findLast(({ own }) => own.version < newest.own.version) ?? newest,
      )
    case 'mostPaid': {
      const best = held.reduce((best, party) => (worth(party) > worth(best) ? party : best))
      return { ...operation, peer: forceCloseOperation(best).peer }
    }
    case 'mixed': {
      const { peer } = forceCloseOperation(random.pick(held))
      return { ...forceCloseOperation(random.pick(held)), peer }
    }
    case 'oldPeer':
      return { ...operation, peer: forceCloseOperation(random.pick(held)).peer }
    case 'nothing':
      return {
        ...operation,
        own: { ...own, version: 0, acked: 0, transferred: amount(0n), items: [] },
      }
    case 'droppedItems':
      return { ...operation, own: { ...own, version: own.version + 1, items: [] } }
    case 'lessTransferred':
      return {
        ...operation,
        own: {
          ...own,
          version: own.version + random.int(0, 2),
          transferred: amount(own.transferred / 2n),
        },
      }
    case 'lessAcked':
      return { ...operation, own: { ...own, acked: own.acked >> 1 } }
    case 'unsure':
      return { ...operation, unsure: true, peer: forceCloseOperation(random.pick(held)).peer }
  }
}

/** What the other lane pays for sure and for what is known, base units. */
function worth({ peer, incoming }: ChannelParty): bigint {
  const known = new Map(incoming.map((note) => [note.id, note.known?.index ?? 0]))
  return peer.items.reduce(
    (sum, item) => sum + claimableOf(item, known.get(item.id) ?? 0),
    BigInt(peer.transferred),
  )
}
