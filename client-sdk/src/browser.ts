export {
  type BrowserWalletOptions,
  createBrowserWallet,
  hasBrowserWallet,
  type OpenedBrowserWallet,
  openBrowserWallet,
  removeBrowserWallet,
} from './browser/open-browser-wallet.js'
