import { printFacts, showProgress } from '@tallystick/daemon'
import { InvalidArgumentError } from 'commander'
import { acceptTip } from '../accept-tip.js'

/** `ledger accept-tip`: the operator's word that nothing newer was shown. */
export async function acceptLedgerTip(options: {
  readonly data: string
  readonly atLeast?: number
  readonly seenAt?: readonly string[]
  readonly json?: true
}): Promise<void> {
  const { data, atLeast, seenAt = [], json } = options
  if (atLeast === undefined && seenAt.length === 0) {
    const what = 'the newest block that anybody was shown, or who has it'
    throw new InvalidArgumentError(`--at-least or --seen-at is due: ${what}`)
  }
  const { height, id, part } = await showProgress('checking the ledger', () =>
    acceptTip(data, { atLeast, seenAt }),
  )
  const text = `block  ${height} ${id}\nfor    a ${part}`
  printFacts(json, { height, block_id: id, part }, text)
}
