export { type HighWaterMark, MarkFile, readHighWaterMark } from './node/high-water-mark.js'
export { lookAtWallet } from './node/look-at-wallet.js'
export { makeFolder } from './node/make-folder.js'
export { openWallet } from './node/open-wallet.js'
export { openWsSocket } from './node/open-ws-socket.js'
export { makePrivateFile } from './node/private-file.js'
export {
  type PaymentHandler,
  type PaymentOptions,
  requirePayment,
} from './node/require-payment.js'
export {
  markNewDatabase,
  type Restored,
  SealedDatabase,
  type StoreAdvice,
} from './node/sealed-database.js'
export type { RowWrite, SealedTable, StoredRow } from './node/sealed-table.js'
export { createSeedFile, loadSeedFile } from './node/seed-file.js'
export { openSqliteStore, type SqliteWalletStores } from './node/sqlite-store.js'
export { storedBytes, storedNumber, storedText, storedValue } from './node/stored-column.js'
export type { SqlValue } from './store/row-digest.js'
export type { OpenedWallet } from './wallet/open-over.js'
