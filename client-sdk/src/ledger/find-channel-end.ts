import {
  type AppliedOperation,
  type Channel,
  type ChannelEnd,
  type ChannelNumber,
  channelEndOf,
  channelIdOf,
  type Operation,
  openedChannel,
  type PendingItem,
} from '@tallystick/protocol'
import { revealsOfItems } from '../exit/item-reveals.js'
import type { VerifiedBlock } from './follow-blocks.js'
import type { LedgerAccess } from './ledger-access.js'
import { malformedAnswer } from './ledger-error.js'

type ChannelHistory = Pick<LedgerAccess, 'chainId' | 'channelPlaces' | 'block' | 'reveal'>

/**
 * How a channel that the ledger has settled ended, and what it paid: from the certified blocks that
 * hold its transactions, however long ago. `undefined` when those that the node lists do not lead to
 * an end. Throws `LedgerError`: `pruned` where the node keeps them no more.
 */
export async function findChannelEnd(
  ledger: ChannelHistory,
  { number, id }: Pick<Channel, 'number' | 'id'>,
): Promise<ChannelEnd | undefined> {
  const places = await ledger.channelPlaces(number)
  const blocks = new Map<number, VerifiedBlock>()
  for (const { height } of places) {
    if (!blocks.has(height)) blocks.set(height, await ledger.block(height))
  }
  const [opening, ...later] = places.flatMap(({ height, position }) => {
    const block = blocks.get(height)
    if (block === undefined) throw malformedAnswer(`block ${height} was not sent`)
    return operationsOf(block, position, { number, id })
  })
  if (opening?.operation.kind !== 'open') return undefined
  const opened = openedChannel(opening.operation, { number, id, openedTime: opening.time })
  const items = later.flatMap(({ operation }) => itemsShown(operation))
  const revealedBy = await revealsOfItems(ledger, items)
  return channelEndOf(ledger.chainId, opened, later, revealedBy)
}

/** The operations of one transaction that concern the channel, in order. */
function operationsOf(
  { header, transactions, ids }: VerifiedBlock,
  position: number,
  { number, id }: Pick<Channel, 'number' | 'id'>,
): AppliedOperation[] {
  const [transaction, txId] = [transactions[position], ids[position]]
  if (transaction === undefined || txId === undefined) {
    throw malformedAnswer(`block ${header.height} has no transaction at ${position}`)
  }
  return transaction.body.operations
    .filter((operation, index) =>
      operation.kind === 'open'
        ? channelIdOf({ txId, index }) === id
        : isOnChannel(operation, number),
    )
    .map((operation) => ({ operation, time: header.time }))
}

function isOnChannel(operation: Exclude<Operation, { kind: 'open' }>, number: ChannelNumber) {
  switch (operation.kind) {
    case 'close':
      return operation.closes.some(({ channel }) => channel === number)
    case 'withdraw':
      return operation.withdrawals.some(({ channel }) => channel === number)
    case 'deposit':
    case 'forceClose':
    case 'challenge':
    case 'finalize':
    case 'payFee':
      return operation.channel === number
    case 'issue':
    case 'reissue':
    case 'changeParameters':
      return false
  }
}

/** The items of all lanes that were shown in the dispute. */
function itemsShown(operation: Operation): readonly PendingItem[] {
  if (operation.kind === 'forceClose') {
    return [...operation.own.items, ...(operation.peer?.lane.items ?? [])]
  }
  if (operation.kind === 'challenge') {
    return [...(operation.own?.items ?? []), ...(operation.proof?.lane.items ?? [])]
  }
  return []
}
