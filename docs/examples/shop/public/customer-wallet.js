import {
  createBrowserWallet,
  hasBrowserWallet,
  openBrowserWallet,
  parseMnemonic,
  payingFetch,
  removeBrowserWallet,
} from '/tallystick.js'

/** Of what is on the ledger, so much stays there to pay for leaving the channel one day: a hundredth, in parts. */
const KEPT_PART = 100n
/** More than a tenth of what is in channels, in parts, has arrived there since, and is worth a channel of its own. */
const ARRIVED_PART = 10n
/** The most that a hub may take for a payment, as a part of it and beside: what it asks is usually far less. */
const FEE_PART = 50n
const FEE_UNITS = 20_000n
/** Sections that are set aside for at a time. */
const STREAM_TICKS = 8
/** Is in the browser's storage until the words of the wallet that was made here are written down. */
const WORDS_DUE = 'words-due'

/**
 * The wallet of a customer in this browser. `phase`: `absent`, `locked`, `elsewhere` (another tab has it), `open`. Tells of
 * every change with the event `change`.
 */
export class CustomerWallet extends EventTarget {
  phase = 'locked'
  /** The twelve words of a wallet that was made here, until they are written down. */
  newWords
  balance
  #network
  budget
  #pay
  #opened

  constructor(network, budget) {
    super()
    this.#network = network
    this.budget = budget
  }

  /** Looks whether this browser has a wallet. */
  async look() {
    this.#turn((await hasBrowserWallet()) ? 'locked' : 'absent')
  }

  async create(passphrase) {
    await this.#open(createBrowserWallet({ passphrase, ...this.#parts() }))
    localStorage.setItem(WORDS_DUE, '')
    this.newWords = this.#opened.words
    this.#turn('open')
  }

  /** Fills this browser from the words of a wallet; one that is locked here makes room for it. */
  async restore(words, passphrase) {
    if (parseMnemonic(words) === undefined) throw new Error(SAID.words_invalid)
    if (this.phase === 'locked') await this.remove()
    await this.#open(createBrowserWallet({ words, passphrase, ...this.#parts() }))
    this.#turn('open')
  }

  /** `wait`: until the tab that has it is closed. */
  async unlock(passphrase, wait = false) {
    try {
      await this.#open(openBrowserWallet({ passphrase, wait, ...this.#parts() }))
    } catch (error) {
      if (error.code !== 'store_in_use') throw saidPlainly(error)
      this.#turn('elsewhere')
      return
    }
    // Somebody who has gone away in between has not seen them, or not written them down.
    if (localStorage.getItem(WORDS_DUE) !== null) this.newWords = this.#opened.words
    this.#turn('open')
  }

  async lock() {
    await this.#opened.close()
    this.#opened = undefined
    this.#pay = undefined
    this.newWords = undefined
    this.#turn('locked')
  }

  /** Takes the wallet out of this browser; its words bring it back. */
  async remove() {
    await removeBrowserWallet()
    localStorage.removeItem(WORDS_DUE)
    this.#turn('absent')
  }

  wordsAreKept() {
    localStorage.removeItem(WORDS_DUE)
    this.newWords = undefined
    this.#turn('open')
  }

  /** Where coins are sent to. */
  get address() {
    return this.#opened.wallet.payoutLock
  }

  /** Base units of coins that can be made spendable, also beside those that are already. */
  get depositable() {
    const { onLedger = 0n, inChannels = 0n } = this.balance ?? {}
    return onLedger * ARRIVED_PART > inChannels ? onLedger - onLedger / KEPT_PART : 0n
  }

  /** Puts what is on the ledger into a channel, one more if there is one: a payment takes as many as it needs. */
  async deposit() {
    await this.#opened.wallet.openChannel({ deposit: this.depositable })
    await this.#count()
  }

  /** What became of the payment for an order; `undefined`: it was not begun. */
  async paymentFor(order) {
    const key = await this.#keyFor(order)
    return this.#opened.wallet.paymentOf(key)
  }

  /** What the hub takes for paying an order, base units; `undefined` while it cannot be told. */
  async feeFor({ invoice }) {
    const quote = await this.#opened.wallet.quote(invoice).catch(() => undefined)
    return quote?.fee
  }

  /** Pays an order, once, however often it is called and whatever happens in between. */
  async pay(order) {
    const units = BigInt(order.units)
    const key = await this.#keyFor(order)
    await this.#opened.wallet
      .pay(order.invoice, { key, feeMax: units / FEE_PART + FEE_UNITS })
      .catch((error) => {
        throw saidPlainly(error)
      })
    await this.#count()
  }

  /** Asks for what is paid tick by tick, and pays for it. */
  async payAndAsk(url) {
    this.#pay ??= payingFetch(this.#opened.wallet, {
      budget: { perDay: this.budget },
      ticks: STREAM_TICKS,
    })
    try {
      return await this.#pay(new URL(url, location.href))
    } catch (error) {
      // A `fetch` that fails says so in the words of the browser.
      if (error instanceof TypeError) throw new Error(SAID.shop_unreachable)
      throw saidPlainly(error)
    } finally {
      await this.#count()
    }
  }

  /** Ends what is paid tick by tick at an address; what is left of it comes back. */
  async stopPaying(url) {
    this.#pay ??= payingFetch(this.#opened.wallet, { budget: { perDay: this.budget } })
    await this.#pay.leave(new URL(url, location.href))
    await this.#count()
  }

  /** What is set aside to be paid tick by tick, base units with the fees, and what the hub takes for each tick. */
  get streams() {
    if (this.phase !== 'open') return undefined
    const paying = this.#opened.wallet.stream.list().filter(({ kind }) => kind === 'paid')
    const setAside = paying.reduce(
      (sum, { unit, fee, ticks, paid }) => sum + (unit + fee) * BigInt(ticks - paid),
      0n,
    )
    const isPaying = paying.some(({ status }) => status === 'open')
    return { setAside, isPaying, fee: paying.at(-1)?.fee }
  }

  /** An invoice by which the shop can pay an order back. */
  async refundInvoice(order) {
    const { text } = await this.#opened.wallet.createInvoice({
      value: BigInt(order.units),
      description: `Refund: ${order.name}`,
      expirySeconds: 7 * 86_400,
    })
    return text
  }

  /** A payment that failed is tried again as another one: its money is back. */
  async #keyFor({ id }) {
    for (let attempt = 1; ; attempt++) {
      const key = `order ${id} ${attempt}`
      const payment = await this.#opened.wallet.paymentOf(key)
      if (payment?.status !== 'failed') return key
    }
  }

  async #open(opening) {
    try {
      this.#opened = await opening
    } catch (error) {
      throw saidPlainly(error)
    }
    this.#opened.feed.subscribe(() => void this.#count())
    await this.#count()
  }

  async #count() {
    const opened = this.#opened
    const balance = await opened?.wallet.balance().catch(() => undefined)
    if (balance === undefined || opened !== this.#opened) return
    this.balance = balance
    this.dispatchEvent(new Event('balance'))
  }

  #parts() {
    const onEvent = ({ kind }) => {
      if (COUNTED.has(kind)) void this.#count()
    }
    return { ...this.#network, onEvent }
  }

  #turn(phase) {
    this.phase = phase
    this.dispatchEvent(new Event('change'))
  }
}

/** Notices after which the balance may be another one. */
const COUNTED = new Set(['payment', 'invoice', 'connected', 'stream'])

/** What a customer can do something about, in their words. */
const SAID = {
  passphrase_wrong: 'This is not the passphrase of this wallet.',
  passphrase_invalid: 'A passphrase has at least 8 characters.',
  words_invalid:
    'These are not the 12 to 24 words of a wallet. Please check their spelling and order.',
  wallet_exists: 'This browser has a wallet already.',
  browser_unfit: 'This browser cannot keep a wallet. Please open the shop in a newer one.',
  insufficient_funds: 'There is not enough money in the wallet.',
  insufficient_balance: 'There is not enough money in the wallet for this and the fee of the hub.',
  fee_above_cap: 'The hub asks too much for this payment just now. Please try again later.',
  already_paid: 'This order is paid already.',
  hub_disconnected: 'The hub does not answer. Please check your connection.',
  invoice_expired: 'The invoice has expired. Please order again.',
  wallet_closed: 'Your wallet was locked. A payment that was begun goes on, and is made once.',
  payment_failed: 'The payment was not taken, and your money is back.',
  shop_unreachable: 'The shop does not answer. Please check your connection.',
  budget_spent: 'What may be spent on reading today is spent.',
  price_above_cap: 'This costs more than you allow.',
  payment_pending: 'The shop has not heard of your payment yet. Please try again.',
  ledger_unreachable: 'The ledger does not answer. Please check your connection.',
  hub_unreachable: 'The hub does not answer. Please check your connection.',
}

/** The code stays for who asks for help. */
function saidPlainly(error) {
  const said = SAID[error.code]
  return said === undefined ? error : Object.assign(new Error(said), { code: error.code })
}
