import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import {
  type ChainId,
  chainIdOf,
  type Genesis,
  type Output,
  PROTOCOL_VERSION,
  PROTOCOL_VERSIONS,
  type PublicKey,
  signerFromSeed,
  timestamp,
} from '@tallystick/protocol'
import { dataFolder } from './data-folder.js'
import { writeDurableFile } from './durable-file.js'
import { checkedGenesis, readGenesisFile, writtenGenesis } from './genesis-file.js'
import { LedgerFault } from './ledger-fault.js'
import { shownGenesis } from './node/check-tip-mark.js'
import { genesisAssets, type PricedAsset } from './priced-asset.js'
import { readTipMark, writeTipMark } from './store/tip-mark.js'
import { newValidatorSeed, readValidatorKey, writeValidatorKey } from './validator-key.js'

/** What a new ledger starts from: somebody's genesis file, or one of our own. */
export type LedgerOrigin =
  | { readonly kind: 'file'; readonly genesisFile: string }
  | {
      readonly kind: 'new'
      /** For people; at most 32 bytes. */
      readonly network: string
      readonly assets: readonly PricedAsset[]
      readonly allocations: readonly Output[]
      /** Version of the rules to start with. Absent: the newest. */
      readonly protocolVersion?: number
      /** See `Parameters`; absent: `LEDGER_DEFAULTS`. */
      readonly timeStepSecondsMax?: number
      readonly disputeWindowSecondsMin?: number
      readonly disputeWindowSecondsMax?: number
      /** Seconds; absent: now. */
      readonly time?: number
    }

/**
 * Twice the usual heartbeat; windows from two hours to a month. Two hours are 720 blocks at the
 * largest step of time, in which ten thousand channels can be left by the dearest way there is while
 * other traffic fills the blocks (test/bench/mass-exit); for tries an operator sets less.
 */
export const LEDGER_DEFAULTS = {
  timeStepSecondsMax: 10,
  disputeWindowSecondsMin: 7_200,
  disputeWindowSecondsMax: 2_592_000,
} as const

export type InitializedLedger = {
  readonly chainId: ChainId
  readonly genesis: Genesis
  readonly validator: PublicKey
}

/**
 * Makes a data folder with the key of a validator and a genesis; a key that lies there is kept.
 * The genesis is written last: a folder without one is not initialized, whatever else is in it.
 * What fails leaves nothing behind. Throws `already_initialized` and `genesis_unusable`.
 */
export async function initLedger(
  options: LedgerOrigin & { readonly dataDir: string },
): Promise<InitializedLedger> {
  const { dataDir } = options
  const paths = dataFolder(dataDir)
  await requireUninitialized(dataDir)
  const isKeyThere = existsSync(paths.validatorKey)
  const seed = isKeyThere ? undefined : newValidatorSeed()
  const signer =
    seed === undefined ? await readValidatorKey(paths.validatorKey) : signerFromSeed(seed)
  const genesis = await genesisOf(options, signer.publicKey)
  // Of a genesis that comes from elsewhere nobody knows here what was signed over it already.
  const part = options.kind === 'file' ? 'follower' : 'validator'
  const folder = await mkdir(dataDir, { recursive: true })
  // What is removed again when something fails: never what was there before.
  const made = [paths.validatorKey, paths.tipMark].filter((path) => !existsSync(path))
  try {
    if (seed !== undefined) await writeValidatorKey(paths.validatorKey, seed)
    await writeTipMark(paths.tipMark, { ...shownGenesis(genesis), part })
    await writeDurableFile(paths.genesis, writtenGenesis(genesis), 0o644)
  } catch (error) {
    for (const path of folder === undefined ? made : [folder]) {
      await rm(path, { recursive: true, force: true })
    }
    throw error
  }
  return { chainId: chainIdOf(genesis), genesis, validator: signer.publicKey }
}

async function requireUninitialized(dataDir: string): Promise<void> {
  const { genesis, ledger, tipMark } = dataFolder(dataDir)
  const isThere = (path: string, why: string) => {
    if (!existsSync(path)) return
    throw new LedgerFault('already_initialized', `${dataDir} holds ${why}`)
  }
  isThere(genesis, 'a ledger already')
  isThere(ledger, 'a ledger.sqlite without its genesis.json')
  // One of height 0 is of an `init` that was killed.
  if (existsSync(tipMark) && (await readTipMark(tipMark)).height > 0) {
    isThere(tipMark, 'the tip.mark of a ledger that is gone')
  }
}

async function genesisOf(origin: LedgerOrigin, validator: PublicKey): Promise<Genesis> {
  switch (origin.kind) {
    case 'file':
      return readGenesisFile(origin.genesisFile)
    case 'new': {
      const { network, assets, allocations, kind: _, time, ...chosen } = origin
      const protocolVersion = origin.protocolVersion ?? PROTOCOL_VERSION
      const { timeStepSecondsMax, disputeWindowSecondsMin, disputeWindowSecondsMax } = {
        ...LEDGER_DEFAULTS,
        ...chosen,
      }
      if (!PROTOCOL_VERSIONS.has(protocolVersion)) {
        const detail = `rules of version ${protocolVersion} are not known here`
        throw new LedgerFault('genesis_unusable', detail)
      }
      const { terms, feeRates } = genesisAssets(assets)
      return checkedGenesis('the genesis', {
        network,
        time: timestamp(time ?? Math.floor(Date.now() / 1_000)),
        parameters: {
          protocolVersion,
          revision: 0,
          validators: [validator],
          quorum: 1,
          timeStepSecondsMax,
          disputeWindowSecondsMin,
          disputeWindowSecondsMax,
          feeRates,
        },
        assets: terms,
        allocations,
      })
    }
  }
}
