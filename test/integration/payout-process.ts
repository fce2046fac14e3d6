import { openWallet } from '@tallystick/client-sdk/node'
import type { LockRoot } from '@tallystick/protocol'

/*
 * A process that pays money out of a channel, and dies at once at the stage that it is told of: nothing of what it has not
 * stored by then is left. Arguments: JSON.
 */

/** Where a payout's process dies: once it is stored, once the channel has paid it, once the way on is signed. */
export type DeathStage = 'withdrawing' | 'sending' | 'signed'

export type PayoutOrder = {
  readonly seed: readonly number[]
  readonly file: string
  readonly ledgerUrl: string
  readonly hubUrl: string
  readonly key: string
  readonly value: string
  readonly lock: string
  readonly stage: DeathStage
}

const order: PayoutOrder = JSON.parse(process.argv[2] ?? '')
const { file, ledgerUrl, hubUrl, key, stage } = order
const { wallet } = await openWallet({
  ...{ words: Uint8Array.from(order.seed), file, ledgerUrl, hubUrl },
  onEvent: (notice) => {
    if (notice.kind !== 'payout') return
    const { status, sent } = notice.payout
    const isThere = stage === 'signed' ? sent !== undefined : status === stage && sent === undefined
    if (isThere) process.kill(process.pid, 'SIGKILL')
  },
})
await wallet.withdraw({ key, value: BigInt(order.value), lock: order.lock as LockRoot })
