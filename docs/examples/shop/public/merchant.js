import { ask } from '/api.js'
import { alertPlace, button, element, field, form } from '/element.js'
import { money } from '/money.js'
import { STATUSES } from '/order-view.js'

/** Milliseconds between two looks at the orders. */
const REFRESH_MS = 2_000
const view = document.getElementById('view')
const { name, asset } = await ask('/shop')
document.getElementById('shop-name').replaceChildren(name)
// Of this tab alone, and gone with it.
let token = sessionStorage.getItem('merchant') ?? undefined
if (token === undefined) askPassword()
else await show()

function askPassword() {
  const alert = alertPlace()
  const send = async ({ password }) => {
    token = password
    await ask('/merchant/orders', { token })
    sessionStorage.setItem('merchant', password)
    await show()
  }
  view.replaceChildren(
    element(
      'section',
      { class: 'narrow' },
      element('h1', {}, 'Orders'),
      form(
        { submit: 'Show the orders', alert, send },
        field(
          'Password of the shop',
          { name: 'password', type: 'password', required: true, autocomplete: 'current-password' },
          'It is in the file merchant.password of the shop.',
        ),
      ),
    ),
  )
}

/** The password is not the shop's any more. */
function forget() {
  sessionStorage.removeItem('merchant')
  askPassword()
}

async function show() {
  const alert = alertPlace()
  const offline = alertPlace()
  const rows = element('tbody', { id: 'orders' })
  const empty = element('p', { class: 'muted', hidden: true }, 'No orders yet.')
  const heads = ['Time', 'Product', 'Price', 'Status', 'Refund'].map((head) =>
    element('th', { scope: 'col' }, head),
  )
  const table = element(
    'table',
    { class: 'orders', hidden: true },
    element('thead', {}, element('tr', {}, heads)),
    rows,
  )
  view.replaceChildren(
    element('h1', {}, 'Orders'),
    alert,
    offline,
    element('div', { class: 'scroll' }, table),
    empty,
  )
  let drawn
  const refresh = async () => {
    const orders = await ask('/merchant/orders', { token })
    empty.hidden = orders.length > 0
    table.hidden = orders.length === 0
    const now = JSON.stringify(orders)
    // A table that is drawn anew takes the focus from who is about to press a button.
    if (now !== drawn) rows.replaceChildren(...orders.map((order) => row(order, alert, refresh)))
    drawn = now
  }
  const again = async () => {
    try {
      await refresh()
      offline.replaceChildren()
    } catch (error) {
      if (error.status === 401) return forget()
      offline.replaceChildren(error.message)
    }
    setTimeout(again, REFRESH_MS)
  }
  await again()
}

function row(order, alert, refresh) {
  const { id, name, time, units, status, refundAsked } = order
  const [text, tone] = STATUSES[status]
  const price = money(units, asset)
  const act = async () => {
    if (!confirm(`Pay ${price} back for ${name}?`)) return
    try {
      await ask(`/merchant/orders/${id}/refund`, { token, body: {} })
    } finally {
      await refresh()
    }
  }
  const canRefund = refundAsked && status === 'refund_asked'
  const cells = {
    when: element(
      'time',
      { datetime: time },
      new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' }),
    ),
    what: name,
    price,
    state: element('span', { class: `status ${tone}` }, text),
    act: canRefund && button(`Refund ${price}`, { class: 'primary', alert, act }),
  }
  return element(
    'tr',
    {},
    Object.entries(cells).map(([name, cell]) => element('td', { class: name }, cell)),
  )
}
