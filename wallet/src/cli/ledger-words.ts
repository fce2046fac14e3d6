import { type Denomination, formatAmount, type LedgerClient } from '@tallystick/client-sdk'
import type { AssetId, ChannelParty, Timestamp } from '@tallystick/protocol'

/** How amounts of the assets of some channels are written. */
export type Money = (asset: AssetId, units: bigint) => string

/** Looks the assets up, each once. */
export async function moneyOf(
  ledger: Pick<LedgerClient, 'asset'>,
  assets: Iterable<AssetId>,
): Promise<Money> {
  const known = new Map<AssetId, Denomination>()
  for (const asset of new Set(assets)) {
    const { value } = await ledger.asset(asset)
    if (value !== undefined) known.set(asset, value.terms)
  }
  return (asset, units) => {
    const denomination = known.get(asset)
    return denomination === undefined
      ? `${units} base units of asset ${asset}`
      : formatAmount(units, denomination)
  }
}

/** How far a channel is: a side that takes no part in it may find it closing on the ledger. */
export function phaseOf({
  ledger,
  phase,
}: ChannelParty): ChannelParty['phase']['kind'] | 'closing' {
  return ledger.status.kind === 'closing' ? 'closing' : phase.kind
}

/** A ledger time as people read it. */
export function timeText(time: Timestamp): string {
  return new Date(time * 1_000).toISOString().replace('T', ' ').replace('.000Z', ' UTC')
}

/** How long it is from one ledger time to another, in its two largest units. */
export function spanText(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const
  const first = parts.findIndex(([count]) => count > 0)
  if (first === -1) return '0 s'
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}
