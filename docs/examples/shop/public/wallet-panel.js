import { alertPlace, button, element, field, form } from '/element.js'
import { money, roughly } from '/money.js'

const OLD_PASSPHRASE = {
  name: 'passphrase',
  type: 'password',
  autocomplete: 'current-password',
  required: true,
}
const NEW_PASSPHRASE = { ...OLD_PASSPHRASE, autocomplete: 'new-password', minlength: '8' }
const PASSPHRASE_HINT =
  'At least 8 characters. It locks the wallet in this browser, and nobody can reset it.'

/** The dialog in which a customer opens, fills and closes the wallet, and the button that shows it. */
export function walletPanel({ dialog, opener, wallet, asset }) {
  let isRestoring = false
  const close = element('button', { type: 'button', class: 'close', 'aria-label': 'Close' }, '×')
  close.addEventListener('click', () => dialog.close())
  opener.addEventListener('click', () => dialog.showModal())
  dialog.addEventListener('close', () => {
    isRestoring = false
    draw()
  })

  function draw() {
    const [title, ...content] = isRestoring ? restore() : PHASES[wallet.phase]()
    dialog.replaceChildren(
      element('h2', { id: 'wallet-title' }, title),
      close,
      ...content.filter((part) => part !== false),
    )
    drawBalance()
  }

  function drawBalance() {
    const { balance } = wallet
    const isOpen = wallet.phase === 'open' && balance !== undefined
    opener.replaceChildren(isOpen ? `Wallet · ${roughly(balance.payable, asset)}` : 'Wallet')
    if (!isOpen) return
    for (const [id, units] of [
      ['spendable', balance.payable],
      ['on-ledger', balance.onLedger],
    ]) {
      const figure = document.getElementById(id)
      figure?.replaceChildren(roughly(units, asset))
      figure?.setAttribute('title', money(units, asset))
    }
    const restoring = document.getElementById('restoring')
    if (restoring !== null) restoring.hidden = balance.inLostChannels === 0n
    const deposit = document.getElementById('deposit')
    if (deposit !== null) deposit.hidden = wallet.depositable <= 0n
  }

  const PHASES = {
    absent: () => {
      const alert = alertPlace()
      return [
        'Make a wallet',
        element(
          'p',
          {},
          'It lives in this browser. You get twelve words that bring it back anywhere.',
        ),
        form(
          { submit: 'Make a wallet', alert, send: ({ passphrase }) => wallet.create(passphrase) },
          field('Choose a passphrase', NEW_PASSPHRASE, PASSPHRASE_HINT),
        ),
        restoreLink('I have the words of a wallet'),
      ]
    },
    locked: () => {
      const alert = alertPlace()
      return [
        'Open your wallet',
        form(
          { submit: 'Open', alert, send: ({ passphrase }) => wallet.unlock(passphrase) },
          field('Passphrase', OLD_PASSPHRASE),
        ),
        restoreLink('I forgot it, and have the words'),
      ]
    },
    elsewhere: () => {
      const alert = alertPlace()
      return [
        'Open in another tab',
        element(
          'p',
          {},
          'Your wallet is open in another tab of this browser, and only one may use it at a time. Close it there, or wait here for it.',
        ),
        form(
          {
            submit: 'Open it here when it is free',
            alert,
            send: ({ passphrase }) => wallet.unlock(passphrase, true),
          },
          field('Passphrase', OLD_PASSPHRASE),
        ),
      ]
    },
    open: () => (wallet.newWords === undefined ? opened() : words()),
  }

  function words() {
    const list = wallet.newWords.split(' ').map((word) => element('li', {}, word))
    return [
      'Write these words down',
      element(
        'p',
        {},
        'On paper, in this order. Whoever has them has the money; without them nobody can bring it back.',
      ),
      element('ol', { class: 'words', id: 'words' }, list),
      element(
        'div',
        { class: 'actions' },
        button('I have written them down', { class: 'primary', act: () => wallet.wordsAreKept() }),
      ),
    ]
  }

  function opened() {
    const alert = alertPlace()
    return [
      'Your wallet',
      element(
        'dl',
        { class: 'figures' },
        element('div', {}, element('dt', {}, 'To spend'), element('dd', { id: 'spendable' }, '…')),
        element(
          'div',
          {},
          element('dt', {}, 'On the ledger'),
          element('dd', { id: 'on-ledger' }, '…'),
        ),
      ),
      element(
        'p',
        { id: 'restoring', role: 'status', hidden: true, class: 'notice' },
        'Your money is found, and can be spent after the next block of the ledger: a few seconds.',
      ),
      element(
        'div',
        { id: 'deposit', hidden: true, class: 'notice' },
        element('p', {}, 'Money has arrived on the ledger. Make it spendable to pay in a moment.'),
        button('Make it spendable', { class: 'primary', alert, act: () => wallet.deposit() }),
      ),
      alert,
      element('h3', {}, 'Add money'),
      element('p', { class: 'hint' }, 'Have coins sent to this address on the ledger:'),
      copyable(wallet.address, 'address'),
      element(
        'div',
        { class: 'actions' },
        button('Lock the wallet', { class: 'quiet', act: () => wallet.lock() }),
      ),
    ]
  }

  function restore() {
    const alert = alertPlace()
    const send = async ({ words, passphrase }) => {
      isRestoring = false
      await wallet.restore(words, passphrase).catch((error) => {
        isRestoring = true
        throw error
      })
    }
    return [
      'Restore a wallet',
      wallet.phase === 'locked' &&
        element(
          'p',
          { class: 'notice' },
          'The wallet that is locked here is taken out of this browser. Its own words bring it back, and nothing else.',
        ),
      form(
        { submit: 'Restore', alert, send },
        field('The words', {
          name: 'words',
          rows: '3',
          required: true,
          autocomplete: 'off',
          autocapitalize: 'none',
          spellcheck: 'false',
        }),
        field('Choose a passphrase', NEW_PASSPHRASE, PASSPHRASE_HINT),
      ),
    ]
  }

  function restoreLink(label) {
    const act = () => {
      isRestoring = true
      draw()
    }
    return element('p', { class: 'aside' }, button(label, { class: 'link', act }))
  }

  wallet.addEventListener('change', draw)
  wallet.addEventListener('balance', drawBalance)
  draw()
}

/** Text that is too long to type, with a button that copies it. */
export function copyable(text, id) {
  const label = 'Copy'
  const copy = button(label, {
    class: 'quiet',
    act: async () => {
      await navigator.clipboard.writeText(text)
      copy.replaceChildren('Copied')
      setTimeout(() => copy.replaceChildren(label), 2_000)
    },
  })
  return element('div', { class: 'copyable' }, element('code', { id }, text), copy)
}
