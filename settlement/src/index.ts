export * from './core/apply-block.js'
export * from './core/apply-context.js'
export * from './core/apply-transaction.js'
export * from './core/fill-block.js'
export * from './core/genesis-state.js'
export * from './core/ledger-view.js'
export * from './core/parameters-in-force.js'
export { revealLookup } from './core/reveal-record.js'
export { TransactionChecks } from './core/transaction-checks.js'
export type { TransactionRejection } from './core/transaction-rejection.js'
export type { Engine } from './engine/engine.js'
export { soloEngine } from './engine/solo-engine.js'
export { type InitializedLedger, initLedger, type LedgerOrigin } from './init-ledger.js'
export { valueIsConserved } from './invariants/value-is-conserved.js'
export { LedgerFault, type LedgerFaultCode } from './ledger-fault.js'
export type { PricedAsset } from './priced-asset.js'
export {
  type LedgerNodeConfig,
  type LedgerReport,
  type RunningLedgerNode,
  startLedgerNode,
} from './start-ledger-node.js'
export { LedgerState, type StagedState } from './state/ledger-state.js'
export { type StateChange, stateChange } from './state/state-change.js'
