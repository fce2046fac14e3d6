import type { Parameters } from '@tallystick/protocol'

/** Parameters as JSON, by the names that `genesis.json` has for them. */
export function parametersFacts(parameters: Parameters) {
  return {
    revision: parameters.revision,
    protocol_version: parameters.protocolVersion,
    validators: [...parameters.validators],
    quorum: parameters.quorum,
    time_step_seconds_max: parameters.timeStepSecondsMax,
    dispute_window_seconds_min: parameters.disputeWindowSecondsMin,
    dispute_window_seconds_max: parameters.disputeWindowSecondsMax,
    fee_rates: parameters.feeRates.map(({ asset, feePerKiloCost }) => {
      return { asset, fee_per_kilo_cost: feePerKiloCost }
    }),
  }
}

/** Parameters for people, a line each. */
export function parametersLines(parameters: Parameters): readonly string[] {
  const { validators, quorum, disputeWindowSecondsMin, disputeWindowSecondsMax } = parameters
  return [
    `revision         ${parameters.revision}`,
    `rules            version ${parameters.protocolVersion}`,
    `quorum           ${quorum} of ${validators.length} validators`,
    ...validators.map((key) => `validator        ${key}`),
    `time step        ${parameters.timeStepSecondsMax} s per block`,
    `dispute windows  ${disputeWindowSecondsMin} to ${disputeWindowSecondsMax} s`,
    ...parameters.feeRates.map(({ asset, feePerKiloCost }) => {
      return `fee rate         ${feePerKiloCost} of asset ${asset} per 1,000 of cost`
    }),
  ]
}
