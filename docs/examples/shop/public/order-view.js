import { ask } from '/api.js'
import { alertPlace, button, element } from '/element.js'
import { money } from '/money.js'
import { copyable } from '/wallet-panel.js'

/** What the status of an order says to its customer. */
export const STATUSES = {
  waiting: ['Waiting for payment', 'waits'],
  arriving: ['Your payment is arriving', 'waits'],
  paid: ['Paid', 'good'],
  expired: ['Expired', 'over'],
  refund_asked: ['Paid · refund asked for', 'waits'],
  refunding: ['Refund is on its way', 'waits'],
  refund_failed: ['Paid · the refund failed', 'bad'],
  refunded: ['Refunded', 'good'],
}

const PAYING =
  'Your payment is on its way. You can close this page: it is made once, whatever happens.'

/** One order, as it changes; `stop` is called when another view takes its place. */
export function orderView({ order, asset, wallet, openWallet, stop }) {
  const status = element('p', { class: 'status', role: 'status', id: 'status' })
  const alert = alertPlace()
  const body = element('div', { class: 'order-body' })
  let shown = order
  let isPaying = false
  let drawn

  const draw = () => {
    const isShort = (wallet.balance?.payable ?? 0n) < BigInt(shown.units)
    const now = [shown.status, wallet.phase, isPaying, isShort].join()
    // What is drawn anew closes what is open, and takes the focus.
    if (now === drawn) return
    drawn = now
    const [text, tone] = STATUSES[shown.status]
    status.className = `status ${tone}`
    status.replaceChildren(isPaying && shown.status === 'waiting' ? 'Paying…' : text)
    body.replaceChildren(...partsOf(shown, isShort))
  }

  function partsOf({ status }, isShort) {
    switch (status) {
      case 'waiting':
        return isPaying ? [element('p', {}, PAYING)] : payment(isShort)
      case 'refund_failed':
        return [
          element(
            'p',
            {},
            'The refund did not reach your wallet. Keep it open in a tab, and ask the shop again.',
          ),
          refund(),
        ]
      case 'paid':
        return [element('p', {}, 'Thank you. Your order is packed and on its way.'), refund()]
      case 'expired':
        return [
          element('p', {}, 'This order was not paid in time, and nothing was charged.'),
          element('a', { class: 'button primary', href: '/' }, 'Order again'),
        ]
      case 'refunding':
        return [element('p', {}, 'The shop pays you back. Keep your wallet open in a tab.')]
      case 'refund_asked':
        return [
          element(
            'p',
            {},
            'The shop has your request. Keep your wallet open in a tab, so that the money can reach you.',
          ),
        ]
      case 'refunded':
        return [element('p', {}, 'The money is back in your wallet.')]
      default:
        return []
    }
  }

  function payment(isShort) {
    const price = money(shown.units, asset)
    const pay =
      wallet.phase !== 'open'
        ? button('Open your wallet to pay', { class: 'primary', act: openWallet })
        : isShort
          ? button('Add money to your wallet', { class: 'primary', act: openWallet })
          : button(`Pay ${price}`, { class: 'primary', alert, act: payNow })
    const isLacking = wallet.phase === 'open' && isShort
    return [
      element(
        'div',
        { class: 'pay' },
        pay,
        wallet.phase === 'open' && !isShort && fee(),
        isLacking &&
          element('p', { class: 'hint' }, 'There is not enough in it yet for this order.'),
      ),
      element(
        'details',
        { class: 'scan', open: wallet.phase !== 'open' },
        element('summary', {}, 'Pay from another wallet'),
        element('img', {
          class: 'qr',
          src: `/api/orders/${shown.id}/qr.svg`,
          alt: 'The invoice as a QR code',
          width: '240',
          height: '240',
        }),
        copyable(shown.invoice, 'invoice'),
      ),
      countdown(shown.expiry),
    ]
  }

  /** What comes on top of the price, as soon as the wallet knows it. */
  function fee() {
    const line = element('p', { class: 'hint' }, '\u00a0')
    void wallet.feeFor(shown).then((units) => {
      if (units !== undefined) line.replaceChildren(`The hub takes ${money(units, asset)} on top.`)
    })
    return line
  }

  async function payNow() {
    isPaying = true
    draw()
    try {
      await wallet.pay(shown)
    } finally {
      isPaying = false
      draw()
    }
  }

  function refund() {
    const act = async () => {
      if (wallet.phase !== 'open') return openWallet()
      const invoice = await wallet.refundInvoice(shown)
      await ask(`/orders/${shown.id}/refund`, { body: { invoice } })
    }
    return element(
      'div',
      { class: 'pay' },
      button('Ask for a refund', { class: 'quiet', alert, act }),
    )
  }

  /** A payment that a reload cut off goes on; it is never begun a second time. */
  async function goOn() {
    if (wallet.phase !== 'open' || shown.status !== 'waiting' || isPaying) return
    const payment = await wallet.paymentFor(shown)
    if (payment !== undefined && payment.status !== 'paid')
      await payNow().catch(({ message }) => alert.replaceChildren(message))
  }

  const events = new EventSource(`/api/orders/${order.id}/events`)
  events.addEventListener('message', ({ data }) => {
    const before = shown.status
    shown = JSON.parse(data)
    // What was wrong with it before is over.
    if (shown.status !== before) alert.replaceChildren()
    draw()
  })
  const onWallet = () => {
    draw()
    void goOn()
  }
  wallet.addEventListener('change', onWallet)
  wallet.addEventListener('balance', draw)
  stop(() => {
    events.close()
    wallet.removeEventListener('change', onWallet)
    wallet.removeEventListener('balance', draw)
  })
  draw()
  void goOn()
  return [
    element(
      'article',
      { class: 'order' },
      element(
        'div',
        { class: 'order-head' },
        order.picture &&
          element('img', { src: order.picture, alt: '', width: '120', height: '90' }),
        element(
          'div',
          {},
          element('h1', {}, order.name),
          element('p', { class: 'price' }, money(order.units, asset)),
        ),
        status,
      ),
      body,
      alert,
    ),
  ]
}

/** How long an invoice can still be paid; told by the minute, so that nobody is chased. */
function countdown(expiry) {
  const left = element('p', { class: 'hint' })
  const tell = () => {
    const minutes = Math.ceil((expiry - Date.now() / 1_000) / 60)
    left.replaceChildren(
      minutes > 1 ? `Kept for you for ${minutes} minutes.` : 'Kept for you for another minute.',
    )
    if (left.isConnected || minutes > 0) setTimeout(() => left.isConnected && tell(), 15_000)
  }
  tell()
  return left
}
