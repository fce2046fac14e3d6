import {
  amount,
  type BlockHeader,
  type BlockId,
  type ChainId,
  chainIdOf,
  EMPTY_LIST_ROOT,
  type Genesis,
  invariant,
  type TxId,
} from '@tallystick/protocol'
import type { StateWrite } from './ledger-view.js'

/** The entries that a ledger starts with (GEN-2). */
export function genesisWrites(genesis: Genesis): StateWrite[] {
  const txId = chainIdOf(genesis) as string as TxId
  const issued = genesis.assets.map(() => 0n)
  const coins = genesis.allocations.map((output, index): StateWrite => {
    invariant(output.amount > 0n, 'an allocation holds at least one unit')
    invariant(genesis.assets[output.asset] !== undefined, 'an allocation is of a known asset')
    issued[output.asset] = (issued[output.asset] ?? 0n) + output.amount
    return {
      kind: 'coin',
      key: { txId, index },
      value: { ...output, createdTime: genesis.time },
    }
  })
  const assets = genesis.assets.map((terms, asset): StateWrite => {
    const value = { terms, issued: amount(issued[asset] ?? 0n), burnt: amount(0n) }
    return { kind: 'asset', key: { asset }, value }
  })
  return [
    { kind: 'parameters', key: {}, value: genesis.parameters },
    { kind: 'channelCount', key: {}, value: { count: 0 } },
    { kind: 'assetCount', key: {}, value: { count: genesis.assets.length } },
    ...assets,
    ...coins,
  ]
}

/** The header of height 0 (GEN-3); it needs no certificate, its chain id says everything. */
export function genesisHeader(genesis: Genesis, stateRoot: Uint8Array): BlockHeader {
  const chainId: ChainId = chainIdOf(genesis)
  return {
    version: genesis.parameters.protocolVersion,
    revision: genesis.parameters.revision,
    chainId,
    height: 0,
    time: genesis.time,
    parent: '00'.repeat(32) as BlockId,
    transactionRoot: EMPTY_LIST_ROOT,
    stateRoot,
  }
}
