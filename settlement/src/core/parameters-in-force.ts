import { invariant, type Parameters } from '@tallystick/protocol'
import type { LedgerView, StateWrite } from './ledger-view.js'

/**
 * What the block of `height` is judged by (PAR-1): a function of `view`, the state after the block
 * before it. Its certificate, its header and its transactions all go by these.
 */
export function parametersInForce(view: LedgerView, height: number): Parameters {
  const change = view.read('parametersChange', {})
  if (change !== undefined && change.activationHeight <= height) return change.parameters
  const parameters = view.read('parameters', {})
  invariant(parameters !== undefined, 'the state has parameters')
  return parameters
}

/**
 * What the block of `height` writes before its first transaction (PAR-2): a scheduled change takes
 * the place of the parameters before it. So the entry always holds what the newest block went by.
 */
export function activationWrites(view: LedgerView, height: number): StateWrite[] {
  const change = view.read('parametersChange', {})
  if (change === undefined || change.activationHeight > height) return []
  return [
    { kind: 'parameters', key: {}, value: change.parameters },
    { kind: 'parametersChange', key: {}, value: undefined },
  ]
}
