import {
  type BlockFeed,
  BundleExit,
  type ExitBundle,
  type ExitPlan,
  type Wallet,
  type WalletChannel,
} from '@tallystick/client-sdk'
import type { AssetId, ChannelEnd, ChannelId, ChannelNumber } from '@tallystick/protocol'

/** A channel on its way out, whatever is at hand for it. */
export type ExitRoute = {
  readonly id: ChannelId
  readonly number: ChannelNumber
  readonly asset: AssetId
  /** `undefined` once the ledger has settled the channel. */
  plan(): Promise<ExitPlan | undefined>
  /** Hands in the force close until the ledger has it; `unsure` as the plan says. */
  leave(unsure: boolean): Promise<void>
  /** Has the next part paid; again is fine. */
  finalize(part: number): Promise<void>
  end(): Promise<ChannelEnd | undefined>
}

/** The channels of a wallet that are not settled, and those that are. */
export function walletRoutes(wallet: Wallet, unsure: boolean): ExitRoute[] {
  return byNumber(wallet.allChannels()).map(({ party: { ledger } }) => {
    const { id, number, asset } = ledger
    return {
      ...{ id, number, asset },
      plan: () => wallet.exitPlan(id, { unsure }),
      leave: (asPlanned) => wallet.exit(id, { unsure: asPlanned }),
      // The wallet's guard does it at the next block.
      finalize: async () => undefined,
      end: () => wallet.endOf(id),
    }
  })
}

/** The channels of a bundle. */
export function bundleRoutes(feed: BlockFeed, { exits }: ExitBundle): ExitRoute[] {
  return exits.map((bundled) => {
    const exit = new BundleExit(feed, bundled)
    return {
      ...{ id: bundled.channel, number: bundled.number, asset: bundled.asset },
      plan: () => exit.plan(),
      leave: () => exit.leave(undefined),
      finalize: (part) => exit.finalize(part, undefined),
      end: () => exit.end(),
    }
  })
}

/** The channels of a wallet in the order in which the ledger has numbered them. */
export function byNumber(channels: readonly WalletChannel[]): readonly WalletChannel[] {
  return channels.toSorted((a, b) => a.party.ledger.number - b.party.ledger.number)
}
