import { type Decoded, integer, list, refine, struct } from '../codec/codec.js'
import { ascends, compareText } from '../primitives/order.js'
import { type AssetId, assetIdCodec } from './asset.js'
import { blockHeightCodec } from './block-header.js'
import { publicKeyCodec } from './identifiers.js'
import { COUNTER_MAX, FEE_RATES_MAX, VALIDATORS_MAX } from './limits.js'

const parametersFields = struct({
  /** Selects the rules (see rules.ts); headers carry it. */
  protocolVersion: integer(2 ** 16 - 1, 1),
  /** 0 in the genesis, one higher with every change: headers carry it, nothing is skipped. */
  revision: integer(COUNTER_MAX),
  /** Whose signatures make a header final. */
  validators: refine(
    list(publicKeyCodec, VALIDATORS_MAX, 1),
    (keys) => ascends(keys, compareText),
    'the validators ascend and differ',
  ),
  /** Signatures that a certificate needs, and a change of these parameters. */
  quorum: integer(VALIDATORS_MAX, 1),
  /** Seconds by which ledger time may rise from one block to the next (TIME-3). */
  timeStepSecondsMax: integer(2 ** 32 - 1, 1),
  /** Dispute windows that channels may agree on, unsure ones included, seconds of ledger time. */
  disputeWindowSecondsMin: integer(2 ** 32 - 1),
  disputeWindowSecondsMax: integer(2 ** 32 - 1),
  /** Assets that fees are taken in: base units due for 1,000 units of cost (COST-2). */
  feeRates: refine(
    list(struct({ asset: assetIdCodec, feePerKiloCost: integer(2 ** 40, 1) }), FEE_RATES_MAX, 1),
    (rates) => ascends(rates, (a, b) => a.asset - b.asset),
    'the assets of fee rates ascend and differ',
  ),
})

/** What the ledger's rules can be tuned by; an entry of the state, so that proofs cover it. */
export const parametersCodec = refine(
  parametersFields,
  ({ validators, quorum, disputeWindowSecondsMin, disputeWindowSecondsMax }) =>
    quorum <= validators.length && disputeWindowSecondsMin <= disputeWindowSecondsMax,
  'a quorum is at most the validators, and the shortest dispute window at most the longest',
)
export type Parameters = Decoded<typeof parametersCodec>

/** Parameters that come into force with the block of a height (PAR-1). */
export const parametersChangeCodec = struct({
  activationHeight: blockHeightCodec,
  parameters: parametersCodec,
})
export type ParametersChange = Decoded<typeof parametersChangeCodec>

/** Base units due for 1,000 units of cost in `asset`; 0: fees are not taken in it. */
export function feeRateOf({ feeRates }: Pick<Parameters, 'feeRates'>, asset: AssetId): number {
  return feeRates.find((rate) => rate.asset === asset)?.feePerKiloCost ?? 0
}
