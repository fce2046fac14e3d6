import type { HubLink } from './hub-link.js'
import type { WalletCore } from './wallet-core.js'
import type { WalletEffect } from './wallet-event.js'

/** Carries out what a durable batch wants done: it is said to the hub, or told to whoever waits. */
export function performEffect(core: WalletCore, link: HubLink, effect: WalletEffect): void {
  switch (effect.kind) {
    case 'send':
    case 'agreeToClose':
    case 'resumed':
      return link.perform(effect)
    case 'invoiceChanged':
      return core.notify({ kind: 'invoice', invoice: effect.invoice })
    case 'paymentChanged':
      return core.notify({ kind: 'payment', payment: effect.payment })
    case 'payoutChanged':
      return core.notify({ kind: 'payout', payout: effect.payout })
    case 'streamChanged':
      return core.notify({ kind: 'stream', stream: effect.stream })
    case 'streamRefused':
      return core.notify(effect)
    case 'saleChanged':
    case 'channelChanged':
      return core.changes.tell({ kind: 'books' })
  }
}
