import { readFile } from 'node:fs/promises'
import {
  amount,
  decode,
  encode,
  type Genesis,
  genesisCodec,
  isRejection,
  type LockRoot,
  parseAmount,
  parsePublicKey,
  TIMESTAMP_MAX,
  timestamp,
} from '@tallystick/protocol'
import { z } from 'zod'
import { complaint } from './api/parameters.js'
import { LedgerFault } from './ledger-fault.js'
import { genesisAssets, pricedAssets } from './priced-asset.js'

const whole = z.number().int().nonnegative()

const publicKey = z.string().transform((hex, context) => {
  const key = parsePublicKey(hex)
  if (key !== undefined) return key
  context.addIssue('a public key in hex is due')
  return z.NEVER
})

/** A genesis as people read and write it. Amounts are base units as decimal strings. */
const genesisFileSchema = z.strictObject({
  network: z.string(),
  time: whole.max(TIMESTAMP_MAX).transform(timestamp),
  parameters: z.strictObject({
    protocol_version: whole,
    validators: z.array(publicKey),
    quorum: whole,
    time_step_seconds_max: whole,
    dispute_window_seconds_min: whole,
    dispute_window_seconds_max: whole,
  }),
  assets: z.array(
    z.strictObject({
      code: z.string(),
      decimals: whole,
      fee_per_kilo_cost: whole,
      issuer: publicKey.optional(),
    }),
  ),
  allocations: z.array(
    z.strictObject({
      asset: whole,
      amount: z
        .string()
        .regex(/^[1-9][0-9]{0,18}$/)
        .transform(BigInt)
        .refine((value) => parseAmount(value) !== undefined)
        .transform(amount),
      lock: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .transform((hex) => hex as LockRoot),
    }),
  ),
})

/** Reads `genesis.json`. Throws `genesis_unusable`. */
export async function readGenesisFile(path: string): Promise<Genesis> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    const why = isMissing ? 'is not there: no ledger was made here' : 'cannot be read as JSON'
    throw new LedgerFault('genesis_unusable', `${path} ${why}`, cause)
  }
  const parsed = genesisFileSchema.safeParse(json)
  if (!parsed.success) throw unusable(path, complaint(parsed.error))
  const { network, time, parameters, assets, allocations } = parsed.data
  const { terms, feeRates } = genesisAssets(
    assets.map(({ code, decimals, fee_per_kilo_cost: feePerKiloCost, issuer }) => {
      return { code, decimals, feePerKiloCost, ...(issuer !== undefined && { issuer }) }
    }),
  )
  return checkedGenesis(path, {
    ...{ network, time, assets: terms, allocations },
    parameters: {
      protocolVersion: parameters.protocol_version,
      revision: 0,
      validators: parameters.validators,
      quorum: parameters.quorum,
      timeStepSecondsMax: parameters.time_step_seconds_max,
      disputeWindowSecondsMin: parameters.dispute_window_seconds_min,
      disputeWindowSecondsMax: parameters.dispute_window_seconds_max,
      feeRates,
    },
  })
}

/** The text of `genesis.json`. */
export function writtenGenesis({
  network,
  time,
  parameters,
  assets,
  allocations,
}: Genesis): string {
  const file: z.input<typeof genesisFileSchema> = {
    ...{ network, time },
    parameters: {
      protocol_version: parameters.protocolVersion,
      validators: [...parameters.validators],
      quorum: parameters.quorum,
      time_step_seconds_max: parameters.timeStepSecondsMax,
      dispute_window_seconds_min: parameters.disputeWindowSecondsMin,
      dispute_window_seconds_max: parameters.disputeWindowSecondsMax,
    },
    assets: pricedAssets({ assets, parameters }).map(({ feePerKiloCost, ...terms }) => {
      return { ...terms, fee_per_kilo_cost: feePerKiloCost }
    }),
    allocations: allocations.map((output) => ({ ...output, amount: output.amount.toString() })),
  }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/**
 * A genesis that a ledger can be started from: one that has an encoding, gives out known assets
 * within their range, and takes fees in at least one of them. Throws `genesis_unusable`.
 */
export function checkedGenesis(where: string, genesis: Genesis): Genesis {
  const { parameters, assets, allocations } = genesis
  if (parameters.quorum > parameters.validators.length) {
    throw unusable(where, 'the quorum is above the number of validators')
  }
  if (parameters.disputeWindowSecondsMin > parameters.disputeWindowSecondsMax) {
    throw unusable(where, 'the shortest dispute window is longer than the longest')
  }
  if (parameters.feeRates.length === 0) {
    throw unusable(where, 'no asset takes fees, so nothing could ever be paid for')
  }
  const unknown = parameters.feeRates.find(({ asset }) => asset >= assets.length)
  if (unknown !== undefined) {
    throw unusable(where, `a fee rate names asset ${unknown.asset}, which there is not`)
  }
  const issued = assets.map(() => 0n)
  for (const { asset, amount: value } of allocations) {
    issued[asset] = (issued[asset] ?? 0n) + value
    if (asset >= assets.length) throw unusable(where, `there is no asset ${asset}`)
    if (parseAmount(issued[asset] ?? 0n) === undefined) {
      throw unusable(where, `more than 2^63-1 units of asset ${asset} are given out`)
    }
  }
  try {
    const read = decode(genesisCodec, encode(genesisCodec, genesis))
    if (!isRejection(read)) return read as Genesis
  } catch (cause) {
    // The codec states its bounds as invariants; here they are what somebody typed.
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new LedgerFault('genesis_unusable', `${where}: ${why}`, cause)
  }
  throw unusable(where, 'it has no canonical encoding')
}

function unusable(where: string, detail: string): LedgerFault {
  return new LedgerFault('genesis_unusable', `${where}: ${detail}`)
}
