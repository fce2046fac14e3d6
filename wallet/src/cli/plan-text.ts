import type { ExitItem, ExitPlan } from '@tallystick/client-sdk'
import { channelTotal, type Timestamp } from '@tallystick/protocol'
import { type Money, spanText, timeText } from './ledger-words.js'

/** Items that are listed one by one; the rest are counted. */
const ITEMS_SHOWN = 8

/** What leaving one channel brings, when, and what it waits for, for people. */
export function planLines(plan: ExitPlan, money: Money, now: Timestamp): string[] {
  const { channel, known, payout, paid, items } = plan
  const amount = (units: bigint) => money(channel.asset, units)
  const isKnown = payout.least === known.least && payout.most === known.most
  const due =
    known.least === known.most
      ? amount(known.most)
      : `${amount(known.least)} at least, ${amount(known.most)} at best`
  const waiting = items.filter(({ fate }) => fate === 'waiting')
  const earned = items.filter(({ fate, incoming }) => fate === 'public' && incoming)
  return [
    `holds     ${amount(channelTotal(channel))} for both sides`,
    `you get   ${due}${isKnown ? '' : ', by what this store knows'}`,
    ...(isKnown
      ? []
      : [`careful   if a newer state is shown, what that says: 0 to ${amount(payout.most)}`]),
    ...(paid > 0n ? [`so far    ${amount(paid)} of it is paid out`] : []),
    ...stepLines(plan, amount, now),
    ...(earned.length > 0 ? [earnedLine(earned, amount)] : []),
    ...waiting.slice(0, ITEMS_SHOWN).map((item) => itemLine(item, amount, now)),
    ...(waiting.length > ITEMS_SHOWN
      ? [`waits     for ${waiting.length - ITEMS_SHOWN} more payments of this kind`]
      : []),
  ]
}

function stepLines(
  { step, lastTime, channel, role, penalty }: ExitPlan,
  amount: (units: bigint) => string,
  now: Timestamp,
): string[] {
  const after = (time: Timestamp) => `${timeText(time)} (in ${spanText(time - now + 1)})`
  switch (step.kind) {
    case 'forceClose': {
      const window = spanText(step.windowSeconds)
      return [
        `fee       ${amount(step.fee)}, out of the channel`,
        `1. close  now, alone${step.unsure ? ', unsure: vouching for nothing' : ''}`,
        `2. wait   ${window} of ledger time, in which the hub may answer`,
        `3. paid   after ${after(lastTime)}, if a block takes the close by now`,
        step.unsure
          ? 'penalty   none, whatever the hub shows'
          : `penalty   up to ${amount(step.penalty)} if this store is an old copy; use --unsure if it may be`,
      ]
    }
    case 'window': {
      const by = step.by === role ? 'you' : `the ${step.by}`
      const lost = `${step.by === role ? 'you showed' : `the ${step.by} showed`} an old state`
      return [
        `closing   by ${by}${step.unsure ? ', unsure' : ''}; payouts begin after ${after(step.deadline)}`,
        ...(step.answerDue ? ['answer    due: a newer state is shown by your guard'] : []),
        ...(penalty > 0n ? [`penalty   ${lost}: ${amount(penalty)} is taken`] : []),
        ...(lastTime > step.deadline ? [`all paid  after ${after(lastTime)} at the latest`] : []),
      ]
    }
    case 'finalize':
      return [`due       the window is over: part ${step.part + 1} can be paid now`]
    case 'items':
      return [
        `channel   ${channel.number} waits for payments; all is paid after ${after(step.until)}`,
      ]
  }
}

function earnedLine(items: readonly ExitItem[], amount: (units: bigint) => string): string {
  const sum = items.reduce((total, { value }) => total + value, 0n)
  const count = items.length === 1 ? 'a payment' : `${items.length} payments`
  return `counts    ${count} to you of ${amount(sum)}: public already, or with the close`
}

function itemLine(
  { incoming, value, expiry }: ExitItem,
  amount: (units: bigint) => string,
  now: Timestamp,
): string {
  const until = `${timeText(expiry)} (in ${spanText(Math.max(0, expiry - now))})`
  return incoming
    ? `waits     for a payment to you of ${amount(value)}: yours if its preimage is public by ${until}`
    : `waits     for a payment by you of ${amount(value)}: back to you unless claimed by ${until}`
}

/** The same for programs; amounts are decimal strings of base units, times seconds since 1970. */
export function planFacts(plan: ExitPlan): object {
  const { channel, step, known, payout, paid, penalty, items, lastTime } = plan
  return {
    ...{ channel: channel.id, number: channel.number, asset: channel.asset },
    total: `${channelTotal(channel)}`,
    step: stepFacts(step),
    ...{ payout_least: `${payout.least}`, payout_most: `${payout.most}`, paid: `${paid}` },
    ...{ known_least: `${known.least}`, known_most: `${known.most}` },
    penalty: `${penalty}`,
    items: items.map(({ incoming, value, expiry, fate }) => {
      return { incoming, value: `${value}`, expiry, fate }
    }),
    last_time: lastTime,
  }
}

function stepFacts(step: ExitPlan['step']): object {
  switch (step.kind) {
    case 'forceClose': {
      const { unsure, fee, windowSeconds, penalty, mayBeOld } = step
      return {
        ...{ kind: 'force_close', unsure, fee: `${fee}`, window_seconds: windowSeconds },
        ...{ penalty_if_old_most: `${penalty}`, may_be_old: mayBeOld },
      }
    }
    case 'window': {
      const { by, unsure, deadline, penalized, answerDue } = step
      return { kind: 'window', by, unsure, deadline, penalized, answer_due: answerDue }
    }
    case 'finalize':
      return { kind: 'finalize', part: step.part }
    case 'items':
      return { kind: 'items', until: step.until }
  }
}
