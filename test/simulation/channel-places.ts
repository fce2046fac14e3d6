import type { ChannelNumber, Operation } from '@tallystick/protocol'
import type { VerifiedBlock } from '#client-sdk/ledger/follow-blocks.js'

/** Where the transactions are that opened, changed or closed a channel, oldest first. */
export function channelPlaces(
  blocks: readonly VerifiedBlock[],
  number: ChannelNumber,
): readonly { readonly height: number; readonly position: number }[] {
  let opened = 0
  return blocks.flatMap(({ header: { height }, transactions }) =>
    transactions.flatMap(({ body }, position) => {
      const uses = body.operations.map((operation) =>
        operation.kind === 'open' ? opened++ === number : isOn(operation, number),
      )
      return uses.includes(true) ? [{ height, position }] : []
    }),
  )
}

function isOn(operation: Operation, number: ChannelNumber): boolean {
  if ('channel' in operation) return operation.channel === number
  if (operation.kind === 'close') return operation.closes.some(({ channel }) => channel === number)
  if (operation.kind !== 'withdraw') return false
  return operation.withdrawals.some(({ channel }) => channel === number)
}
