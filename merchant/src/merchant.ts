import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { PROCESS_CLOCK, type WalletNotice } from '@tallystick/client-sdk'
import { makeFolder, openWallet } from '@tallystick/client-sdk/node'
import type { ChainId } from '@tallystick/protocol'
import { tokenHash } from './api/authenticate.js'
import { serveBooks } from './api/books-routes.js'
import { serveEvents } from './api/event-routes.js'
import { serveKeys } from './api/key-routes.js'
import { merchantApp, type OnFailedRequest } from './api/merchant-app.js'
import { serveObjects } from './api/object-routes.js'
import { bindMerchant, type MerchantHttp } from './api/serve-merchant.js'
import { RouteServer } from './api/serve-route.js'
import { serveWebhooks } from './api/webhook-routes.js'
import { LedgerBooks } from './books/ledger-books.js'
import { ChannelDesk } from './desk/channel-desk.js'
import { EventNews } from './desk/event-news.js'
import { InvoiceDesk } from './desk/invoice-desk.js'
import type { MerchantParts } from './desk/merchant-parts.js'
import { OfferDesk } from './desk/offer-desk.js'
import { PaymentDesk } from './desk/payment-desk.js'
import { PayoutDesk } from './desk/payout-desk.js'
import { StreamDesk } from './desk/stream-desk.js'
import { operatorToken } from './operator-token.js'
import { KeyStore } from './store/key-store.js'
import { openMerchantDatabase } from './store/merchant-schema.js'
import { RequestStore } from './store/request-store.js'
import { WebhookStore } from './store/webhook-store.js'
import { postWebhook } from './webhook/post-webhook.js'
import { WebhookCourier } from './webhook/webhook-courier.js'

/** How a shop's server is set up. */
export type MerchantConfig = {
  /** Folder of the wallet's store, the server's own file and the operator's token. */
  readonly dataDir: string
  /** The wallet's BIP-39 words, or the seed that they stand for. */
  readonly words: string | Uint8Array
  /** Address of a ledger node, `http://host:port`. It is not trusted. */
  readonly ledgerUrl: string
  /** The hub's session address, `ws://host:port/v1/session`. */
  readonly hubUrl: string
  readonly chainId?: ChainId
  readonly host: string
  /** 0 takes any. */
  readonly port: number
  /** Whether events may be sent to addresses of the shop's own network, and without TLS. */
  readonly allowPrivateWebhooks: boolean
}

/** What a running server tells its operator. */
export type MerchantReport =
  | {
      readonly kind: 'wallet'
      readonly notice: 'connected' | 'disconnected'
      readonly detail: string
    }
  | { readonly kind: 'problem'; readonly code: string; readonly detail: string }
  | { readonly kind: 'requestFailed'; readonly requestId: string; readonly error: unknown }

const CHANNELS_ELSEWHERE =
  'another device with the same words has taken the channels: end it; they come back when this one is used'

export type RunningMerchant = { readonly url: string; stop(): Promise<void> }

/**
 * Starts a shop's server: it takes its address, opens the wallet, compares what happened with what it has told, and serves. `onFault`: a
 * durable promise was broken, and the process has to end. Errors: as of `openWallet`.
 */
export async function startMerchant(
  config: MerchantConfig,
  onReport: (report: MerchantReport) => void,
  onFault: (fault: unknown) => void,
): Promise<RunningMerchant> {
  // Before the wallet is opened: one that is not served must not take the channels from one that is.
  const http = await bindMerchant(config)
  try {
    return await openMerchant(config, http, onReport, onFault)
  } catch (error) {
    await http.close()
    throw error
  }
}

async function openMerchant(
  config: MerchantConfig,
  http: MerchantHttp,
  onReport: (report: MerchantReport) => void,
  onFault: (fault: unknown) => void,
): Promise<RunningMerchant> {
  const { dataDir, words, ledgerUrl, hubUrl, chainId } = config
  const allowPrivate = config.allowPrivateWebhooks
  await makeFolder(dataDir)
  const operatorHash = tokenHash(await operatorToken(dataDir))
  const database = await openMerchantDatabase(join(dataDir, 'merchant.db'), onFault)
  let isConnected = false
  let onInvoice: (notice: Extract<WalletNotice, { kind: 'invoice' }>) => void = () => undefined
  let onStream: (notice: Extract<WalletNotice, { kind: 'stream' }>) => void = () => undefined
  const onEvent = (notice: WalletNotice) => {
    switch (notice.kind) {
      case 'connected':
        isConnected = true
        return onReport({ kind: 'wallet', notice: 'connected', detail: notice.hub })
      case 'disconnected':
        isConnected = false
        return onReport({ kind: 'wallet', notice: 'disconnected', detail: notice.reason })
      case 'problem':
        onReport({ kind: 'problem', code: notice.code, detail: notice.detail })
        return notice.code === 'store_failed' ? onFault(notice) : undefined
      case 'invoice':
        return onInvoice(notice)
      case 'stream':
        return onStream(notice)
      case 'payment':
      case 'guard':
      case 'restored':
        return undefined
    }
  }
  const file = join(dataDir, 'wallet.db')
  const opened = await openWallet({
    ...{ words, file, ledgerUrl, hubUrl, onEvent },
    ...(chainId !== undefined && { chainId }),
  }).catch(async (error: unknown) => {
    await database.close()
    throw error
  })
  const onProblem = (code: string, detail: string) => onReport({ kind: 'problem', code, detail })
  const parts: MerchantParts = {
    ...{ database, wallet: opened.wallet, news: new EventNews(), onProblem },
    now: () => Math.floor(Date.now() / 1_000),
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
  }
  const keys = new KeyStore(database)
  await keys.begin(parts.now())
  const invoices = new InvoiceDesk(parts)
  const payments = new PaymentDesk(parts)
  const payouts = new PayoutDesk(parts)
  const streams = new StreamDesk(parts)
  const offers = new OfferDesk(parts)
  const channels = new ChannelDesk(parts)
  // Hears before it compares: what happens in between is learnt twice, and told once.
  onInvoice = ({ invoice }) => {
    invoices.learn(invoice).catch((error) => onProblem('invoice_not_followed', String(error)))
  }
  onStream = ({ stream }) => {
    streams.learn(stream).catch((error) => onProblem('stream_not_followed', String(error)))
  }
  await invoices.catchUp()
  await streams.catchUp()
  await payments.catchUp()
  await payouts.catchUp()
  await channels.catchUp()
  channels.resume()
  const ledgerBooks = new LedgerBooks(parts, opened)
  await ledgerBooks.begin()
  const unfollow = channels.follow(opened.feed)
  const server = new RouteServer({
    ...{ keys, requests: new RequestStore(database), operatorHash, now: parts.now },
  })
  serveObjects(server, parts, { invoices, payments, payouts, offers, channels })
  serveEvents(server, parts)
  serveKeys(server, parts, keys)
  const webhooks = new WebhookStore(database)
  serveWebhooks(server, parts, { webhooks, allowPrivate })
  const courier = new WebhookCourier({
    ...{ ...parts, webhooks, clock: PROCESS_CLOCK, random: Math.random },
    post: (post, signal) => postWebhook(post, { clock: PROCESS_CLOCK, allowPrivate, signal }),
  })
  courier.begin()
  const catchUp = async () => {
    await invoices.catchUp()
    await streams.catchUp()
  }
  serveBooks(server, { ...parts, opened, ledgerBooks, catchUp })
  const onFailedRequest: OnFailedRequest = (failure) =>
    onReport({ kind: 'requestFailed', ...failure })
  const app = merchantApp(server, {
    notReadyFor: () => {
      if (!isConnected) return 'the hub does not answer'
      return opened.wallet.channelsElsewhere.length > 0 ? CHANNELS_ELSEWHERE : undefined
    },
    onFailedRequest,
  })
  http.serve(app)
  return {
    url: http.url,
    stop: async () => {
      await http.close()
      unfollow()
      await courier.stop()
      await ledgerBooks.stop()
      await opened.close()
      await payments.idle()
      await payouts.idle()
      await database.close()
    },
  }
}
