import type { WalletMail } from '../letters/wallet-mail.js'
import type { HubLink } from './hub-link.js'
import { OfferWallet } from './offer-wallet.js'
import type { WalletChannels } from './wallet-channels.js'
import type { WalletCore } from './wallet-core.js'
import { WalletStreams } from './wallet-streams.js'

/** What a wallet does by the tick. */
export class StreamingWallet extends OfferWallet {
  /** Streams: `stream.open` pays one, `stream.take` is paid by one. */
  readonly stream: WalletStreams

  protected constructor(
    core: WalletCore,
    link: HubLink,
    channels: WalletChannels,
    mail: WalletMail,
    onStored: () => void,
  ) {
    super(core, link, channels, mail, onStored)
    this.stream = new WalletStreams(core, link)
  }
}
