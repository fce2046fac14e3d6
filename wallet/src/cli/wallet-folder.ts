import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CommandError } from '@tallystick/daemon'
import type { ChainId } from '@tallystick/protocol'
import { chainIdOf, isLedgerUrl, isSessionUrl } from './option-values.js'
import { writeWhole } from './write-whole.js'

/** The folder of a wallet: its words, its store, and the network that it is used on. */
export type WalletFolder = {
  readonly path: string
  readonly keys: string
  readonly store: string
  readonly settings: string
}

/** What later commands need not be told. */
export type WalletSettings = {
  readonly ledger: string
  readonly hub: string | undefined
  /** The chain that the wallet was begun on: no other is believed. */
  readonly chainId: ChainId
}

/** `--wallet`, else what the environment says, else a folder in the home of whoever calls. */
export function walletFolder(named: string | undefined): WalletFolder {
  const path = named ?? process.env['TALLYSTICK_WALLET'] ?? join(homedir(), '.tallystick')
  return {
    path,
    keys: join(path, 'wallet.keys'),
    store: join(path, 'wallet.db'),
    settings: join(path, 'wallet.json'),
  }
}

/** Throws `wallet_missing` where nobody has made a wallet, `settings_damaged`. */
export async function readSettings({ path, settings }: WalletFolder): Promise<WalletSettings> {
  const text = await readFile(settings, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
    const detail = `${path} holds no wallet: "wallet init" makes one, --wallet names another folder, and --keys, --store and --ledger name files`
    throw new CommandError('wallet_missing', detail)
  })
  const found = parseSettings(text)
  if (found !== undefined) return found
  const detail = `${settings} does not say ledger, hub and chain_id: mend it, or move it away and run "wallet restore"`
  throw new CommandError('settings_damaged', detail)
}

/** Settings as they stand in a file; `undefined`: they are not. */
export function parseSettings(text: string): WalletSettings | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const {
    ledger,
    hub,
    chain_id: chain,
  }: { ledger?: unknown; hub?: unknown; chain_id?: unknown } = value
  const chainId = typeof chain === 'string' ? chainIdOf(chain) : undefined
  if (typeof ledger !== 'string' || !isLedgerUrl(ledger) || chainId === undefined) return undefined
  if (hub === undefined) return { ledger, hub, chainId }
  return typeof hub === 'string' && isSessionUrl(hub) ? { ledger, hub, chainId } : undefined
}

/** Settings as they stand in a file. */
export function settingsText({ ledger, hub, chainId }: WalletSettings): string {
  return `${JSON.stringify({ ledger, hub, chain_id: chainId }, undefined, 2)}\n`
}

/** Writes them whole; the old ones stay until the new ones are on disk. */
export function writeSettings(folder: WalletFolder, settings: WalletSettings): Promise<void> {
  return writeWhole(folder.settings, new TextEncoder().encode(settingsText(settings)))
}
