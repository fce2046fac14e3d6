export type { OpenedBackup } from './backup/backup-content.js'
export { type BackupOwner, type BackupRejection, openBackup } from './backup/seal-backup.js'
export { type Clock, PROCESS_CLOCK } from './clock.js'
export { amountOf, type Denomination, formatAmount, unitsOf } from './decimal-amount.js'
export {
  type BundledExit,
  type ExitBundle,
  encodeExitBundle,
  parseExitBundle,
} from './exit/exit-bundle.js'
export { type ExitItem, type ExitPlan, type ExitStep, planExit } from './exit/exit-plan.js'
export { itemReveals } from './exit/item-reveals.js'
export { BundleExit } from './exit/leave-by-bundle.js'
export { type LeavingParty, leavingPlan, wayOut } from './exit/way-out.js'
export type { AnswerContext } from './guard/answer-force-close.js'
export { type Duty, dutiesOf, forceCloseOperation } from './guard/duties.js'
export { entrustedChallenge } from './guard/entrusted-challenge.js'
export { type GuardAct, type Guarded, GuardLoop, type GuardParts } from './guard/guard-loop.js'
export { GuardPayments } from './guard/guard-payments.js'
export { OutcomeNews } from './guard/outcome-news.js'
export {
  closingItems,
  RevealLookups,
  revealLookupFor,
  revealLookupOf,
} from './guard/reveal-lookup.js'
export type { Offer as StreamOffer } from './http/offer.js'
export type { PaidInAll, PaidSoFar } from './http/paid-streams.js'
export { type PayingFetch, payingFetch } from './http/paying-fetch.js'
export type { AskedPrice, PayingFetchOptions } from './http/paying-fetch-options.js'
export { BlockFeed } from './ledger/block-feed.js'
export { type BlockSummary, summarizeBlock } from './ledger/block-summary.js'
export { type ChannelFeePlan, channelFeeTransaction } from './ledger/channel-fee-transaction.js'
export { awaitedKeys, awaitedSigner, coSign, joinSignatures } from './ledger/co-sign.js'
export type { OwnedCoin } from './ledger/coin-selection.js'
export { finalizeTransaction } from './ledger/finalize-transaction.js'
export { findChannelEnd } from './ledger/find-channel-end.js'
export type { FollowOptions, VerifiedBlock } from './ledger/follow-blocks.js'
export { inParallel } from './ledger/in-parallel.js'
export { inTime } from './ledger/in-time.js'
export { type CoinSpend, KeyCoins } from './ledger/key-coins.js'
export type { LedgerAccess } from './ledger/ledger-access.js'
export {
  LedgerClient,
  type LedgerOptions,
  type Proven,
  type TransactionStatus,
} from './ledger/ledger-client.js'
export { LedgerContact } from './ledger/ledger-contact.js'
export { LedgerError } from './ledger/ledger-error.js'
export {
  type FundingPlan,
  issueTransaction,
  parametersProposal,
  reissueTransaction,
} from './ledger/ledger-operations.js'
export { type LedgerTrouble, ledgerTrouble } from './ledger/ledger-trouble.js'
export {
  acceptBlock,
  acceptHandover,
  acceptHeader,
  type Era,
  type HandoverRejection,
  type LightClient,
  type LightClientRejection,
  newestEra,
  startLightClient,
} from './ledger/light-client.js'
export type { OpenSocket, Socket, SocketHandlers } from './ledger/open-socket.js'
export { openWebSocket } from './ledger/open-web-socket.js'
export { pause } from './ledger/pause.js'
export { seenReveals } from './ledger/seen-reveals.js'
export {
  type BuildRejection,
  buildTransaction,
  type FeeRate,
  type TransactionPlan,
} from './ledger/transaction-builder.js'
export type { BuiltTransaction } from './ledger/transaction-draft.js'
export { waitForLedger } from './ledger/wait-for-ledger.js'
export type { SpontaneousPolicy } from './letters/announced-payments.js'
export type { LetterPayment } from './letters/letter-payment.js'
export type { OfferPaymentWish, SpontaneousWish } from './letters/letter-payments.js'
export type { OfferRecord } from './letters/own-offer.js'
export type { OfferWish } from './letters/wallet-offers.js'
export type { PayoutRecord, PayoutStatus } from './payout/payout-record.js'
export type { PayoutQuote, PayoutWish } from './payout/wallet-payouts.js'
export { Outbox, type Speaker } from './session/outbox.js'
export { StoreFault } from './store/store-fault.js'
export type { RecordKind, StoredRecord, StoreWrite, WalletStore } from './store/wallet-store.js'
export { OutgoingStream, type StreamPayment } from './stream/outgoing-stream.js'
export { type ServedTicks, StreamDesk } from './stream/stream-desk.js'
export type {
  PaidStreamRecord,
  ReceivedStreamRecord,
  StreamRecord,
} from './stream/stream-records.js'
export { fetchKeptCopies, type KeptCopiesWish, type KeptCopy } from './tower/kept-copies.js'
export {
  type AppointmentOwner,
  endAppointment,
  fetchEntrusted,
} from './tower/tower-appointments.js'
export type { EntrustedChannel, TowerGuard, TowerLinkParts } from './tower/tower-link.js'
export { TowerLink } from './tower/tower-link.js'
export { type TowerAddress, type TowerAnswer, TowerSession } from './tower/tower-session.js'
export type { Balance } from './wallet/balance.js'
export { closeAlone } from './wallet/close-alone.js'
export type { PaymentWish, Quote, RefundWish } from './wallet/payment-wish.js'
export type { Page, PageWish } from './wallet/record-page.js'
export type { StreamWish } from './wallet/stream-wish.js'
export { Wallet } from './wallet/wallet.js'
export type { Caller, WalletNotice } from './wallet/wallet-core.js'
export type { ExitOptions } from './wallet/wallet-exits.js'
export type { InvoiceWish } from './wallet/wallet-invoices.js'
export type { WalletOptions } from './wallet/wallet-options.js'
export type {
  InvoicePart,
  InvoiceRecord,
  InvoiceStatus,
  PaymentPart,
  PaymentRecord,
  PaymentStatus,
  WalletChannel,
} from './wallet/wallet-records.js'
export { type ServedFrame, WalletStreams } from './wallet/wallet-streams.js'
export type { TowerOptions } from './wallet/wallet-towers.js'
export { WalletError } from './wallet-error.js'
