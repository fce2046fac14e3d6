import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandJson } from '../network/local-network.js'
import type { WalletProcess } from './wallet-process.js'

const LEDGER = new URL('../../../settlement/dist/command/ledger.js', import.meta.url)
const HUB = new URL('../../../hub/dist/command/hub.js', import.meta.url)

const NEVER: ReadonlySet<string> = new Set([
  ...['peer_lost_data', 'peer_is_ahead', 'state_lost', 'equivocation', 'wallet_ended'],
  ...['channel_not_usable', 'payout_mismatch', 'items_pending'],
])

/** Whether an honest party never says so of another's word, or of its own files, whatever is killed. */
export function isNeverSaid(code: string): boolean {
  return NEVER.has(code) || /^(?:store|mark)_/.test(code)
}

/** Both sides agree on every channel to the unit: else none would close. */
export async function closeAll(wallets: readonly WalletProcess[]): Promise<readonly string[]> {
  const wrong = wallets.map(async (wallet) => {
    const before = await wallet.ask({ kind: 'books' })
    await wallet.ask({ kind: 'closeAll' })
    const after = await wallet.ask({ kind: 'books' })
    const due = BigInt(String(before['onLedger'])) + BigInt(String(before['inChannels']))
    if (after['onLedger'] === String(due) && after['inChannels'] === '0') return []
    return [`${wallet.name} was paid ${JSON.stringify(after)} in all, ${due} were due`]
  })
  return (await Promise.all(wrong)).flat()
}

/** The ledger has no channel of the hub any more: no money of it is left behind in one. */
export async function channelsLeft(ledgerUrl: string, hub: string): Promise<readonly string[]> {
  const response = await fetch(`${ledgerUrl}/v1/channels?key=${hub}`)
  const { data } = (await response.json()) as { readonly data: readonly unknown[] }
  return data.map((channel) => `a channel is left: ${JSON.stringify(channel)}`)
}

/** What hub and tower said of their clients, or of their own files, that no crash explains. */
export function complaints(dataDir: string): readonly string[] {
  return ['hub', 'tower'].flatMap((name) =>
    readFileSync(join(dataDir, `${name}.log`), 'utf8')
      .split('\n')
      .filter((line) => isNeverSaid(/"code":"(\w+)"/.exec(line)?.[1] ?? ''))
      .map((line) => `${name}: ${line}`),
  )
}

/** What is damaged in the files of processes that have stopped. */
export function fileDamages(dataDir: string): readonly string[] {
  const said = (name: string, script: URL, args: readonly string[]) => {
    try {
      return JSON.stringify(commandJson(script, [...args, '--data', join(dataDir, name)]))
    } catch (error) {
      return String(error)
    }
  }
  const ledger = said('ledger', LEDGER, ['verify'])
  const audit = said('hub', HUB, ['audit'])
  return [
    ...(/"damages":\[\]/.test(ledger) ? [] : [`ledger verify: ${ledger}`]),
    ...(/"intact":true/.test(audit) ? [] : [`hub audit: ${audit}`]),
  ]
}
