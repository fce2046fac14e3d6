import { ask } from '/api.js'
import { alertPlace, button, element } from '/element.js'
import { money, roughly } from '/money.js'
import { unitsOf } from '/tallystick.js'

/** One article: what is free, what was read, and the next section for a tick of a stream. */
export function articleView({ article, asset, wallet, openWallet, stop }) {
  const price = unitsOf(article.price, asset)
  const address = `/articles/${encodeURIComponent(article.id)}/readers/${readerName()}`
  const read = element('div', { class: 'read' })
  const paid = element('dd', { id: 'paid' })
  const setAside = element('dd', { id: 'set-aside' })
  const fee = element('p', { class: 'hint' })
  const news = element('p', { class: 'unseen', role: 'status' })
  const alert = alertPlace()
  const actions = element('div', { class: 'actions' })
  const sections = new Set()
  let isKnown = false
  let drawn

  const draw = () => {
    const { setAside: units = 0n, isPaying = false, fee: perTick } = wallet.streams ?? {}
    paid.replaceChildren(money(price * BigInt(sections.size), asset))
    setAside.replaceChildren(roughly(units, asset))
    setAside.title = money(units, asset)
    fee.hidden = perTick === undefined
    if (!fee.hidden) fee.replaceChildren(`The hub takes ${money(perTick, asset)} a section on top.`)
    const isShort = !isPaying && (wallet.balance?.spendable ?? 0n) < price
    const now = [isKnown, sections.size, wallet.phase, isPaying, isShort].join()
    // What is drawn anew takes the focus.
    if (now === drawn) return
    drawn = now
    actions.replaceChildren(...buttons(isPaying, isShort))
  }

  function buttons(isPaying, isShort) {
    const title = article.titles[sections.size]
    const end = button('Stop, and take the rest back', { class: 'quiet', alert, act: leave })
    if (title === undefined) {
      const done = element('p', { class: 'status good' }, 'You have read all of it')
      return isPaying ? [done, end] : [done]
    }
    const next = [element('p', { class: 'next' }, 'Next: ', element('strong', {}, title))]
    if (!isKnown) return next
    if (wallet.phase !== 'open') {
      return [...next, button('Open your wallet to read on', { class: 'primary', act: openWallet })]
    }
    if (isShort) {
      return [...next, button('Add money to your wallet', { class: 'primary', act: openWallet })]
    }
    const label = `Read on for ${money(price, asset)}`
    return [
      ...next,
      button(label, { class: 'primary', alert, act: readOn }),
      ...(isPaying ? [end] : []),
    ]
  }

  async function readOn() {
    const response = await wallet.payAndAsk(`/api${address}/sections/${sections.size + 1}`)
    const answer = await response.json()
    if (!response.ok) throw new Error(answer.error ?? 'The shop did not serve this section.')
    const heading = show(answer)
    draw()
    news.replaceChildren(`${paid.textContent} paid so far`)
    heading.focus()
  }

  async function leave() {
    await wallet.stopPaying(`/api${address}/sections/1`)
    news.replaceChildren('Stopped. The rest is on its way back to your wallet.')
    draw()
  }

  function show({ number, title, paragraphs }) {
    sections.add(number)
    const heading = element('h2', { tabindex: '-1' }, title)
    const texts = paragraphs.map((text) => element('p', {}, text))
    read.append(element('section', {}, heading, ...texts))
    return heading
  }

  // What was paid for before is there again, wallet or not.
  void ask(address)
    .then((before) => {
      for (const section of before) show(section)
      isKnown = true
    })
    .catch(({ message }) => alert.replaceChildren(message))
    .finally(draw)
  wallet.addEventListener('change', draw)
  wallet.addEventListener('balance', draw)
  stop(() => {
    wallet.removeEventListener('change', draw)
    wallet.removeEventListener('balance', draw)
  })
  draw()
  return [
    element(
      'article',
      { class: 'article' },
      element('p', { class: 'crumb' }, element('a', { href: '/' }, 'All products')),
      element('h1', {}, article.name),
      element('p', { class: 'lead' }, article.line),
      element('img', {
        class: 'picture',
        src: article.picture,
        alt: '',
        width: '400',
        height: '300',
      }),
      ...article.introduction.map((text) => element('p', {}, text)),
      read,
      element(
        'aside',
        { class: 'meter', 'aria-label': 'Paying for this article' },
        element(
          'dl',
          { class: 'figures' },
          figure('Paid', paid),
          figure('Set aside', setAside),
          figure('Daily limit', element('dd', {}, money(wallet.budget, asset))),
        ),
        fee,
        actions,
        alert,
        news,
      ),
    ),
  ]
}

function figure(name, value) {
  return element('div', {}, element('dt', {}, name), value)
}

/** What this browser is called where it reads: it has paid for what it has read, and reads it again. */
function readerName() {
  const known = localStorage.getItem('reader')
  if (known !== null) return known
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const base64 = btoa(String.fromCharCode(...bytes)).replace(/=+$/, '')
  const name = base64.replaceAll('+', '-').replaceAll('/', '_')
  localStorage.setItem('reader', name)
  return name
}
