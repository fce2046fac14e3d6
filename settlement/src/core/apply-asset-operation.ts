import { type OperationOf, parseAmount, reject } from '@tallystick/protocol'
import type { TransactionRejection } from './transaction-rejection.js'
import type { TransactionRun } from './transaction-run.js'

/**
 * Makes an asset (OP-8). Its issuer signs from the start: nobody else can give out a first supply
 * under somebody's key.
 */
export function applyIssue(
  run: TransactionRun,
  { asset, terms, supply }: OperationOf<'issue'>,
): TransactionRejection | undefined {
  const count = run.state.read('assetCount', {})?.count ?? 0
  if (asset !== count) {
    return reject('wrong_asset_number', `the next asset has number ${count}, not ${asset}`)
  }
  if (terms.issuer === undefined && supply === 0n) {
    return reject('amount_out_of_range', 'an asset that nobody can issue more of has a supply')
  }
  if (terms.issuer !== undefined) {
    const unsigned = run.requireSigner(terms.issuer, `issuing asset ${asset}`)
    if (unsigned !== undefined) return unsigned
  }
  run.state.write('assetCount', {}, { count: count + 1 })
  run.issue(asset, { terms, issued: supply })
  return undefined
}

/** Raises the supply of an asset (OP-9). */
export function applyReissue(
  run: TransactionRun,
  { asset: number, amount: more }: OperationOf<'reissue'>,
): TransactionRejection | undefined {
  const asset = run.state.read('asset', { asset: number })
  if (asset === undefined) return reject('asset_unknown', `there is no asset ${number}`)
  const { issuer, code } = asset.terms
  if (issuer === undefined) {
    return reject('supply_fixed', `asset ${number}, ${code}, has no issuer: its supply is fixed`)
  }
  const unsigned = run.requireSigner(issuer, `issuing more of asset ${number}`)
  if (unsigned !== undefined) return unsigned
  const issued = parseAmount(asset.issued + more)
  if (more === 0n || issued === undefined) {
    return reject('amount_out_of_range', 'an issue is positive, and all issues at most 2^63-1')
  }
  run.state.write('asset', { asset: number }, { ...asset, issued })
  run.credit(number, more)
  return undefined
}
