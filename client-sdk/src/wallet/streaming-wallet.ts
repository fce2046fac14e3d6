import type { HubLink } from './hub-link.js'
import { TradingWallet } from './trading-wallet.js'
import type { WalletChannels } from './wallet-channels.js'
import type { WalletCore } from './wallet-core.js'
import { WalletStreams } from './wallet-streams.js'

/** What a wallet does by the tick. */
export class StreamingWallet extends TradingWallet {
  /** Streams: `stream.open` pays one, `stream.take` is paid by one. */
  readonly stream: WalletStreams

  protected constructor(core: WalletCore, link: HubLink, channels: WalletChannels) {
    super(core, link, channels)
    this.stream = new WalletStreams(core, link)
  }
}
