import { ask } from '/api.js'
import { alertPlace, button, element } from '/element.js'
import { money } from '/money.js'

/** All that the shop sells. */
export function productsView({ name, products, articles, asset }) {
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
    element('h2', { class: 'shelf' }, 'To read'),
    element(
      'ul',
      { class: 'tiles' },
      articles.map((article) => articleTile(article, asset)),
    ),
  ]
}

function articleTile({ id, name, picture, line, price, titles }, asset) {
  return element(
    'li',
    {},
    element(
      'a',
      { class: 'tile wide', href: `/articles/${encodeURIComponent(id)}` },
      element('img', { src: picture, alt: '', width: '400', height: '300' }),
      element(
        'div',
        {},
        element('h3', {}, name),
        element('p', { class: 'muted' }, line),
        element(
          'p',
          { class: 'price' },
          `${priceOf({ price }, asset)} a section, ${titles.length} sections`,
        ),
      ),
    ),
  )
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

/** A decimal price as money. */
export function priceOf({ price }, asset) {
  const [whole, places = ''] = price.split('.')
  return money(BigInt(whole + places.padEnd(asset.decimals, '0')), asset)
}
