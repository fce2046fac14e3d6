import { WalletError, type WalletNotice } from '@tallystick/client-sdk'
import { type OpenedWallet, openWallet } from '@tallystick/client-sdk/node'
import { CommandError, printableLine, showProgress } from '@tallystick/daemon'
import type { HubPolicy } from '@tallystick/protocol'
import { inMoney } from './in-money.js'
import { interrupted } from './interrupted.js'
import { ADVICE, requireStore, tellUntrustedChain, type WalletPlace } from './open-store.js'
import { untilInterrupted } from './until-interrupted.js'
import { readWordsFile } from './words-file.js'

/** A wallet that its hub has answered. */
export type WalletAtHub = Pick<OpenedWallet, 'wallet' | 'ledger' | 'feed'> & {
  readonly policy: HubPolicy
  /** Ctrl-C was pressed. */
  readonly signal: AbortSignal
}

/** Where it is, and how long the hub is waited for. */
export type HubPlace = WalletPlace & { readonly hub: string; readonly patience: number }

/**
 * Does `work` with the wallet once its hub has answered, and closes it, also after Ctrl-C. Throws
 * `store_missing`, `hub_silent` when the hub has not answered within `patience` seconds, `interrupted`,
 * and what the SDK says.
 */
export function withHub<T>(
  place: HubPlace,
  work: (at: WalletAtHub) => Promise<T>,
  /** Hears as well what the wallet notices. */
  onNotice: (notice: WalletNotice) => void = () => undefined,
): Promise<T> {
  return untilInterrupted(async (signal) => {
    const { keys, store, ledger: ledgerUrl, hub: hubUrl, chainId, sharedWords } = place
    const words = await readWordsFile(keys)
    await requireStore(store)
    if (chainId === undefined) tellUntrustedChain()
    const heard: Heard = { reason: undefined }
    const opened = await showProgress('opening the wallet', () =>
      openWallet({
        ...{ words, file: store, ledgerUrl, hubUrl, advice: ADVICE },
        sharedWords: sharedWords === true,
        ...(chainId !== undefined && { chainId }),
        onEvent: (notice) => {
          hear(heard, notice)
          onNotice(notice)
        },
      }),
    )
    try {
      const policy = await waitForHub(opened, { place, signal, heard })
      const done = work({ ...opened, policy, signal })
      return await done.catch(async (error) => {
        throw await inMoney(error, opened.ledger, policy.asset)
      })
    } finally {
      await showProgress('closing the wallet', () => opened.close())
    }
  })
}

type Heard = { reason: string | undefined }

/** What an owner should know is told beside the output. */
function hear(heard: Heard, notice: WalletNotice): void {
  if (notice.kind === 'disconnected') heard.reason = notice.reason
  if (notice.kind !== 'problem') return
  heard.reason = `${notice.code}: ${notice.detail}`
  process.stderr.write(`note: ${printableLine(heard.reason)}\n`)
}

async function waitForHub(
  { wallet }: OpenedWallet,
  {
    place: { hub, patience },
    signal,
    heard,
  }: { readonly place: HubPlace; readonly signal: AbortSignal; readonly heard: Heard },
): Promise<HubPolicy> {
  const patient = AbortSignal.any([signal, AbortSignal.timeout(patience * 1_000)])
  try {
    return await showProgress(
      () => waitingFor(heard),
      () => wallet.connected({ signal: patient }),
    )
  } catch (error) {
    if (!isAborted(error)) throw error
    if (signal.aborted) throw interrupted('nothing was done')
    const why = heard.reason === undefined ? '' : ` (${heard.reason})`
    const detail = `the hub ${hub} has not answered within ${patience} s${why}; nothing was done. Try again, or bring the money home without it: "wallet exit"`
    throw new CommandError('hub_silent', detail)
  }
}

function waitingFor({ reason }: Heard): string {
  return reason === undefined
    ? 'waiting for the hub'
    : `waiting for the hub; ${printableLine(reason)}`
}

/** What was waited for; `undefined`: the wait was given up, and what was begun goes on. */
export async function orPending<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (isAborted(error)) return undefined
    throw error
  }
}

function isAborted(error: unknown): boolean {
  return error instanceof WalletError && error.code === 'aborted'
}
