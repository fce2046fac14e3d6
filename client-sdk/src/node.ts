export { type OpenedWallet, openWallet } from './node/open-wallet.js'
export { openWsSocket } from './node/open-ws-socket.js'
export {
  openDatabase,
  type SqliteDatabase,
  type SqliteTransaction,
} from './node/sqlite-database.js'
export { openSqliteStore, type SqliteWalletStores } from './node/sqlite-store.js'
export { storedBytes, storedNumber, storedText } from './node/stored-column.js'
