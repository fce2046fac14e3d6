import {
  type AskedPrice,
  type PaidInAll,
  type PayingFetch,
  payingFetch,
  WalletError,
} from '@tallystick/client-sdk'
import { CommandError, EXIT, printFacts, showProgress } from '@tallystick/daemon'
import { type AnswerSink, openAnswerSink } from './answer-sink.js'
import { askPerson, isSomebodyThere } from './ask-person.js'
import { type AssetAmounts, assetAmounts, requireDecimal } from './asset-amount.js'
import { confirm } from './confirm.js'
import { interrupted } from './interrupted.js'
import { type HubPlace, type WalletAtHub, withHub } from './open-with-hub.js'
import { type Streamed, streamFacts, streamLines, streamStatus } from './stream-text.js'

export type StreamCommand = HubPlace & {
  /** Requests; absent: one, or as many as `for` has room for. */
  readonly count?: number
  /** Seconds. */
  readonly for?: number
  /** Seconds from the beginning of one request to that of the next. */
  readonly interval: number
  /** Of the hub's asset, as a person types it: for all of it, and for one request. */
  readonly budget?: string
  readonly priceMax?: string
  readonly output?: string
  readonly replace?: true
  /** Seconds that the rest is waited for at the end. */
  readonly timeout: number
  readonly yes?: true
  readonly json?: true
}

/** Ticks that are locked at a time, where the budget has as many. */
const TICKS = 256

/**
 * `wallet stream`: asks for what is sold by the request, once or again and again, pays it by the tick within a
 * budget, and has what is left of the stream back.
 */
export async function streamUrl(url: URL, options: StreamCommand): Promise<void> {
  if (options.budget !== undefined) requireDecimal(options.budget)
  if (options.priceMax !== undefined) requireDecimal(options.priceMax)
  const sink = await openAnswerSink(options)
  try {
    await withHub(options, async (at) => {
      const money = await assetAmounts(at.ledger, at.policy.asset)
      const inAll = money.unitsOf(options.budget ?? (await askedBudget(money)))
      const { priceMax } = options
      const budget = {
        inAll,
        ...(priceMax !== undefined && { perRequest: money.unitsOf(priceMax) }),
      }
      const approve = (asked: AskedPrice) => approvePrice(asked, { money, inAll, options })
      const pays = payingFetch(at.wallet, { budget, ticks: TICKS, approve })
      const run = await fetchAll(at, pays, { url, money, options, sink })
      const inTheEnd = await backHome(at, pays, options.timeout)
      const streamed = { ...run, ...inTheEnd, url, budget: inAll }
      if (run.answers === 0 && inTheEnd.ticks === 0 && run.failure !== undefined) throw run.failure
      const text = streamLines(streamed, money).join('\n')
      if (sink.isOutput && !options.json) process.stderr.write(`${text}\n`)
      else printFacts(options.json, streamFacts(streamed, money.asset), text)
      const exit = exitOf(streamed)
      // What was printed before it may have found no room, and said so.
      if (exit !== 0) process.exitCode = exit
    })
  } finally {
    await sink.close()
  }
}

/** Throws `not_confirmed` where nobody can be asked. */
async function askedBudget({ code }: AssetAmounts): Promise<string> {
  const detail = 'nothing was done; --budget says how much may be paid in all'
  const refusal = new CommandError('not_confirmed', detail)
  if (!isSomebodyThere()) throw refusal
  const typed = await askPerson(`How much ${code} may it cost in all? `)
  if (typed === undefined || typed.trim() === '') throw refusal
  return typed.trim()
}

/** Shows what is asked for a request, and asks; again where that changes. Throws `not_confirmed`, `budget_spent`. */
async function approvePrice(
  { url, offer, ticks, streamTicks, tickCost }: AskedPrice,
  {
    money,
    inAll,
    options,
  }: {
    readonly money: AssetAmounts
    readonly inAll: bigint
    readonly options: StreamCommand
  },
): Promise<void> {
  const locked = tickCost * BigInt(streamTicks)
  if (locked > inAll) {
    const detail = `a stream of ${streamTicks} ticks is opened at least, ${money.show(locked)} with the hub's fee, of which what is not used comes back; --budget is ${money.show(inAll)}`
    throw new CommandError('budget_spent', detail)
  }
  const lines = [
    `a request   ${money.show(offer.price)}, ${ticks === 1 ? 'a tick' : `${ticks} ticks`} of ${money.show(offer.unit)}`,
    `with fee    ${money.show(tickCost * BigInt(ticks))}`,
    `at most     ${money.show(inAll)} in all`,
    `payee       ${offer.payee}, at ${url.origin}`,
  ]
  process.stderr.write(`${lines.join('\n')}\n`)
  await confirm(options.yes, `Pay ${url.host} by the request`)
}

type Run = Pick<Streamed, 'requests' | 'answers' | 'bytes' | 'failure'>

type Asked = {
  readonly url: URL
  readonly money: AssetAmounts
  readonly options: StreamCommand
  readonly sink: AnswerSink
}

/** One request after the other, until there were enough, the time is over, one fails, or a person ends it. */
async function fetchAll(
  { signal }: WalletAtHub,
  pays: PayingFetch,
  { url, money, options, sink }: Asked,
): Promise<Run> {
  const { for: seconds, count = seconds === undefined ? 1 : Number.POSITIVE_INFINITY } = options
  const time = seconds === undefined ? undefined : AbortSignal.timeout(seconds * 1_000)
  const over = time === undefined ? signal : AbortSignal.any([signal, time])
  let [requests, answers, bytes] = [0, 0, 0]
  const soFar = () => {
    const { ticks, cost } = pays.paid()
    return `${answers} answered, ${ticks} ticks, ${money.show(cost)}; Ctrl-C ends it`
  }
  const ask = async () => {
    while (requests < count && !over.aborted) {
      const next = pause(options.interval * 1_000, over)
      requests += 1
      // What is on its way when the time is over was paid, and is waited for.
      const response = await pays(url, { signal })
      const length = await sink.write(response)
      bytes += length
      if (!response.ok) throw answerRefused(response)
      answers += 1
      tellAnswer(options, { response, length, answers, pays, line: soFar, sink })
      if (requests < count) await next
    }
  }
  try {
    await (sink.isTerminal ? ask() : showProgress(soFar, ask))
    const failure = requests === 0 && signal.aborted ? interrupted('nothing was asked') : undefined
    return { requests, answers, bytes, failure }
  } catch (error) {
    if (signal.aborted && isAbort(error)) {
      const failure = answers === 0 ? interrupted('nothing was paid') : undefined
      return { requests, answers, bytes, failure }
    }
    if (error instanceof CommandError || error instanceof WalletError) {
      return { requests, answers, bytes, failure: error }
    }
    if (!(error instanceof TypeError)) throw error
    // So the platform calls what it cannot reach.
    const detail = `${url.origin} cannot be reached, or hung up`
    return { requests, answers, bytes, failure: new CommandError('url_unreachable', detail) }
  }
}

/** One object for a program; one line where answers go by on the terminal. */
function tellAnswer(
  { json }: StreamCommand,
  told: {
    readonly response: Response
    readonly length: number
    readonly answers: number
    readonly pays: PayingFetch
    readonly line: () => string
    readonly sink: AnswerSink
  },
): void {
  const { response, length, answers, pays } = told
  if (json) {
    const { ticks, cost } = pays.paid()
    const facts = { status: 'answered', answers, http_status: response.status, bytes: length }
    printFacts(json, { ...facts, ticks, total: `${cost}` }, '')
  } else if (told.sink.isTerminal) process.stderr.write(`${told.line()}\n`)
}

function answerRefused({ status, url }: Response): CommandError {
  return new CommandError('answer_refused', `${url} was answered with HTTP status ${status}`)
}

/** Closes the streams; after `seconds`, or Ctrl-C again, what is left comes back later. */
function backHome({ signal }: WalletAtHub, pays: PayingFetch, seconds: number): Promise<PaidInAll> {
  // Whoever ended the requests wants the rest back: the wait for it is only shorter.
  const patient = AbortSignal.timeout(
    (signal.aborted ? Math.min(seconds, ENDING_SECONDS) : seconds) * 1_000,
  )
  return showProgress('closing the stream; what is left of it comes back', () =>
    pays.close({ signal: patient }),
  )
}

const ENDING_SECONDS = 5

function isAbort(error: unknown): boolean {
  if (error instanceof WalletError) return error.code === 'aborted'
  return error instanceof Error && /^(?:Abort|Timeout)Error$/.test(error.name)
}

/** Resolves also where it is ended before. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', over)
      resolve()
    }
    const timer = setTimeout(over, milliseconds)
    signal.addEventListener('abort', over)
  })
}

function exitOf(streamed: Streamed): number {
  switch (streamStatus(streamed)) {
    case 'closed':
      return 0
    case 'failed':
      return EXIT.failed
    case 'pending':
    case 'unknown':
      return EXIT.pending
  }
}
