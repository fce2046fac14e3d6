import { ask } from '/api.js'
import { articleView } from '/article-view.js'
import { CustomerWallet } from '/customer-wallet.js'
import { element } from '/element.js'
import { orderView } from '/order-view.js'
import { productsView, productView } from '/product-views.js'
import { walletPanel } from '/wallet-panel.js'

/** What may be spent on reading in a day, whole units of the asset. */
const BUDGET = 1n
const view = document.getElementById('view')
const dialog = document.getElementById('wallet')
let leave = () => undefined

const shop = await ask('/shop').catch((error) => {
  view.replaceChildren(element('p', { class: 'notice', role: 'alert' }, error.message))
  throw error
})
const { name, asset, network, products, articles } = shop
document.getElementById('shop-name').replaceChildren(name)

const wallet = new CustomerWallet(network, BUDGET * 10n ** BigInt(asset.decimals))
walletPanel({ dialog, opener: document.getElementById('wallet-button'), wallet, asset })
wallet.addEventListener('change', () => {
  if (wallet.phase === 'open' && wallet.newWords === undefined && isPaying()) dialog.close()
})
await wallet.look()

// The wallet stays open from page to page, so pages are drawn here, and not loaded.
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href^="/"]')
  const isPlain =
    !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) && event.button === 0
  if (!link || !isPlain || event.defaultPrevented) return
  event.preventDefault()
  go(link.getAttribute('href'))
})
addEventListener('popstate', () => void draw())
await draw()

function go(path) {
  history.pushState(undefined, '', path)
  void draw()
}

function isPaying() {
  return /^\/(orders|articles)\//.test(location.pathname)
}

async function draw() {
  leave()
  leave = () => undefined
  const path = location.pathname
  const content = await contentOf(path).catch((error) => missing(error.message))
  // Somebody has gone on in the meantime.
  if (path !== location.pathname) return
  view.replaceChildren(...content)
  const title = view.querySelector('h1')?.textContent
  document.title = title ? `${title} · ${name}` : name
  scrollTo(0, 0)
  view.focus({ preventScroll: true })
}

function stop(stopped) {
  leave = stopped
}

function openWallet() {
  dialog.showModal()
}

async function contentOf(path) {
  const [, kind, id] = /^\/(products|orders|articles)\/([\w-]+)$/.exec(path) ?? []
  if (kind === 'products') {
    const product = products.find((product) => product.id === id)
    return product === undefined
      ? missing('The shop has no such product.')
      : productView(product, asset, go)
  }
  if (kind === 'orders') {
    const order = await ask(`/orders/${id}`)
    return orderView({ order, asset, wallet, stop, openWallet })
  }
  if (kind === 'articles') {
    const article = articles.find((article) => article.id === id)
    if (article === undefined) return missing('The shop has no such article.')
    return articleView({ article, asset, wallet, stop, openWallet })
  }
  return path === '/' ? productsView(shop) : missing('There is nothing at this address.')
}

function missing(message) {
  return [
    element(
      'section',
      { class: 'hero' },
      element('h1', {}, 'Not found'),
      element('p', {}, message),
      element('a', { class: 'button', href: '/' }, 'To the shop'),
    ),
  ]
}
