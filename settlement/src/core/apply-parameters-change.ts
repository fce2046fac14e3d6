import {
  ACTIVATION_LEAD_BLOCKS_MIN,
  type OperationOf,
  type ParametersChange,
  reject,
} from '@tallystick/protocol'
import type { TransactionRejection } from './transaction-rejection.js'
import type { TransactionRun } from './transaction-run.js'

/** Schedules or withdraws a change of the parameters, by a quorum of the validators (OP-10). */
export function applyParametersChange(
  run: TransactionRun,
  { change }: OperationOf<'changeParameters'>,
): TransactionRejection | undefined {
  const { validators, quorum } = run.parameters
  const signed = validators.filter(run.signedBy).length
  if (signed < quorum) {
    const detail = `changing the parameters asks for ${quorum} validators, ${signed} signed`
    return reject('missing_signature', detail)
  }
  const refusal = change === undefined ? checkWithdrawal(run) : checkParametersChange(run, change)
  if (refusal !== undefined) return refusal
  run.state.write('parametersChange', {}, change)
  return undefined
}

function checkWithdrawal(run: TransactionRun): TransactionRejection | undefined {
  return run.state.read('parametersChange', {}) === undefined
    ? reject('nothing_scheduled', 'no change of the parameters is scheduled')
    : undefined
}

function checkParametersChange(
  run: TransactionRun,
  { activationHeight, parameters }: ParametersChange,
): TransactionRejection | undefined {
  const { revision, protocolVersion } = run.parameters
  if (parameters.revision !== revision + 1) {
    const detail = `on parameters ${revision} follow ${revision + 1}, not ${parameters.revision}`
    return reject('wrong_revision', detail)
  }
  const earliest = run.height + ACTIVATION_LEAD_BLOCKS_MIN
  if (activationHeight < earliest) {
    const detail = `in block ${run.height} a change can be scheduled for ${earliest} or later`
    return reject('activation_too_near', `${detail}, not for ${activationHeight}`)
  }
  if (parameters.protocolVersion < protocolVersion) {
    const detail = `rules ${protocolVersion} are in force and are never taken back`
    return reject('version_falls', detail)
  }
  const unknown = parameters.feeRates.find(
    ({ asset }) => run.state.read('asset', { asset }) === undefined,
  )
  return unknown === undefined
    ? undefined
    : reject('asset_unknown', `a fee rate names asset ${unknown.asset}, which there is not`)
}
