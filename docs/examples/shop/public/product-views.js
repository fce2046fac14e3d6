import { ask } from '/api.js'
import { alertPlace, button, element } from '/element.js'
import { money } from '/money.js'

/** All that the shop sells. */
export function productsView({ name, products, asset }) {
  const tiles = products.map((product) =>
    element(
      'li',
      {},
      element(
        'a',
        { class: 'tile', href: `/products/${encodeURIComponent(product.id)}` },
        element('img', { src: product.picture, alt: '', width: '400', height: '300' }),
        element('h2', {}, product.name),
        element('p', { class: 'muted' }, product.line),
        element('p', { class: 'price' }, priceOf(product, asset)),
      ),
    ),
  )
  return [
    element(
      'section',
      { class: 'hero' },
      element('h1', {}, 'Made to be used'),
      element(
        'p',
        {},
        `${name} makes three things, slowly. Pay from the wallet in your browser, or scan.`,
      ),
    ),
    element('ul', { class: 'tiles' }, tiles),
  ]
}

/** One product, and the button that orders it. */
export function productView(product, asset, go) {
  const alert = alertPlace()
  const order = async () => {
    const { id } = await ask('/orders', { body: { product: product.id } })
    go(`/orders/${id}`)
  }
  return [
    element(
      'article',
      { class: 'product' },
      element('img', {
        class: 'picture',
        src: product.picture,
        alt: '',
        width: '400',
        height: '300',
      }),
      element(
        'div',
        {},
        element('p', { class: 'crumb' }, element('a', { href: '/' }, 'All products')),
        element('h1', {}, product.name),
        element('p', {}, product.text),
        element('p', { class: 'price large' }, priceOf(product, asset)),
        button(`Buy for ${priceOf(product, asset)}`, { class: 'primary', alert, act: order }),
        alert,
      ),
    ),
  ]
}

function priceOf({ price }, asset) {
  const [whole, places = ''] = price.split('.')
  return money(BigInt(whole + places.padEnd(asset.decimals, '0')), asset)
}
