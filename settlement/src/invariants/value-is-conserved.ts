import { type AssetId, channelTotal, invariant } from '@tallystick/protocol'
import type { StateWrite } from '../core/ledger-view.js'

/**
 * Invariant 1: for every asset, coins + channels + fees burnt = issued. Checked as a difference,
 * from the writes alone, for every block; a breach stops the node before anything is stored.
 * `before`: what stood in the place of a write, by its position.
 */
export function valueIsConserved(
  writes: readonly StateWrite[],
  before: (position: number) => StateWrite['value'],
): void {
  const change = new Map<AssetId, bigint>()
  for (const [position, write] of writes.entries()) {
    count(change, write, 1n)
    // What stood there was of the same kind: its place in the tree binds it.
    count(change, { ...write, value: before(position) } as StateWrite, -1n)
  }
  for (const [asset, difference] of change) {
    invariant(difference === 0n, `value of asset ${asset} is conserved, not off by ${difference}`)
  }
}

function count(change: Map<AssetId, bigint>, write: StateWrite, sign: bigint): void {
  const add = (asset: AssetId, value: bigint) =>
    change.set(asset, (change.get(asset) ?? 0n) + sign * value)
  if (write.value === undefined) return
  switch (write.kind) {
    case 'coin':
      add(write.value.asset, write.value.amount)
      break
    case 'channel': {
      const { asset, status } = write.value
      const paid = status.kind === 'closing' ? status.paidClient + status.paidHub : 0n
      add(asset, channelTotal(write.value) - paid)
      break
    }
    case 'asset':
      add(write.key.asset, write.value.burnt - write.value.issued)
      break
    case 'parameters':
    case 'channelCount':
    case 'reveal':
    case 'revealStep':
    case 'assetCount':
    case 'parametersChange':
      break
  }
}
