import type { Outcome } from './payment-load.js'
import type { WalletProcess } from './wallet-process.js'

/** What the ledger takes for opening a channel, at most; far less than the smallest payment. */
const OPENING_FEE_MAX = 2_000n

/** What was acknowledged. */
type Due = {
  /** What each wallet began with, base units. */
  readonly funds: bigint
  readonly outcomes: readonly Outcome[]
  /** Place of the first outcome that both sides are asked about again. */
  readonly askFrom: number
}

/**
 * Compares, while nobody pays, what wallets and hub have with what was ever acknowledged: what is
 * missing, is there twice, or has two outcomes. Books are told once the tower has vouched for the
 * newest of every channel. Answers what is wrong.
 */
export async function checkBooks(
  wallets: readonly WalletProcess[],
  hubUrl: string,
  { funds, outcomes, askFrom }: Due,
): Promise<readonly string[]> {
  const again = outcomes.slice(askFrom)
  const wrong = await Promise.all([
    ...wallets.map((wallet) => checkWallet(wallet, { funds, outcomes })),
    ...wallets.map((wallet) => checkRecords(wallet, again)),
    checkHub(hubUrl, outcomes),
  ])
  return [...wrong.flat(), ...paidTwice(outcomes)]
}

async function checkWallet(
  wallet: WalletProcess,
  { funds, outcomes }: Pick<Due, 'funds' | 'outcomes'>,
): Promise<readonly string[]> {
  const wrong: string[] = []
  const books = await wallet.ask({ kind: 'books' })
  const due = outcomes.reduce((sum, outcome) => sum + gainOf(wallet, outcome), funds)
  const missing = due - BigInt(String(books['inChannels'])) - BigInt(String(books['onLedger']))
  if (missing < 0n || missing > BigInt(Number(books['opened'])) * OPENING_FEE_MAX) {
    wrong.push(`${wallet.name} lacks ${missing} of ${due}: ${JSON.stringify(books)}`)
  }
  // Who had to resume would have lost something that it had promised.
  if (books['epoch'] !== 0) wrong.push(`${wallet.name} had to resume a channel`)
  if (books['inLostChannels'] !== '0') wrong.push(`${wallet.name} has lost books of a channel`)
  if (books['unguarded'] !== 0) wrong.push(`the tower has lost what it vouched for: ${wallet.name}`)
  return wrong
}

async function checkRecords(
  wallet: WalletProcess,
  outcomes: readonly Outcome[],
): Promise<readonly string[]> {
  const sent = outcomes.filter(({ payer }) => payer === wallet)
  // One that failed is nowhere paid: the sums would show it.
  const received = outcomes.filter(({ payee, status }) => payee === wallet && status === 'paid')
  const { payments = [], invoices = [] } = await wallet.ask({
    kind: 'look',
    payments: sent.map(({ key }) => key),
    invoices: received.map(({ anchor }) => anchor),
  })
  const statusIn = (list: unknown, place: number) => (Array.isArray(list) ? list[place] : undefined)
  return [
    ...sent.flatMap(({ key, status }, place) => {
      const now = statusIn(payments, place)
      return now === status ? [] : `${wallet.name}: ${key}: ${status}, ${now}`
    }),
    ...received.flatMap(({ key }, place) => {
      const now = statusIn(invoices, place)
      return now === 'paid' ? [] : `${wallet.name}: invoice of ${key} is ${now}`
    }),
  ]
}

/** Invoices that more than one payment was told to have paid. */
function paidTwice(outcomes: readonly Outcome[]): readonly string[] {
  const paid = new Set<string>()
  return outcomes.flatMap(({ key, anchor, status }) => {
    if (status === 'failed') return []
    if (paid.has(anchor)) return `${key}: its invoice was paid twice`
    paid.add(anchor)
    return []
  })
}

/** What the hub says of all payments that it ever carried. */
type HubPayments = readonly {
  readonly status: string
  readonly count: number
  readonly amount: string
  readonly fee: string
}[]

async function checkHub(hubUrl: string, outcomes: readonly Outcome[]): Promise<readonly string[]> {
  const stats = (await (await fetch(`${hubUrl}/v1/stats`)).json()) as { payments: HubPayments }
  const sums = { payments: 0, amount: 0n, fee: 0n }
  for (const { status, count, amount, fee } of stats.payments) {
    if (status === 'pending') return [`the hub has ${count} pending payments`]
    if (status === 'failed') continue
    sums.payments += count
    sums.amount += BigInt(amount)
    sums.fee += BigInt(fee)
  }
  const paid = outcomes.filter(({ status }) => status === 'paid')
  const due = {
    payments: paid.length,
    amount: paid.reduce((sum, { value }) => sum + value, 0n),
    fee: paid.reduce((sum, { fee }) => sum + fee, 0n),
  }
  const text = (facts: typeof due) => `${facts.payments} of ${facts.amount} for ${facts.fee}`
  return text(sums) === text(due) ? [] : [`the hub has carried ${text(sums)}, not ${text(due)}`]
}

/** What a payment brought a wallet, base units. */
function gainOf(wallet: WalletProcess, { payer, payee, value, fee, status }: Outcome): bigint {
  if (status === 'failed') return 0n
  return (wallet === payee ? value : 0n) - (wallet === payer ? value + fee : 0n)
}
