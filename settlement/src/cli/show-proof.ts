import { CommandError, printFacts, showProgress } from '@tallystick/daemon'
import {
  type Anchor,
  blockId,
  COUNTER_MAX,
  type EntryKind,
  type StateEntries,
  type TxId,
  toHex,
} from '@tallystick/protocol'
import { connectLedger, type LedgerAddress } from './connect-ledger.js'
import { ENTRY_FORMS } from './entry-forms.js'

type Named = {
  [Kind in EntryKind]: { readonly kind: Kind; readonly key: StateEntries[Kind]['key'] }
}[EntryKind]

export type ProofOptions = LedgerAddress & { readonly json?: true }

/** `ledger proof`: an entry, or that there is none, verified against what the validators signed. */
export async function showProof(
  kind: string,
  name: string | undefined,
  { json, ...address }: ProofOptions,
): Promise<void> {
  const entry = namedEntry(kind, name ?? '')
  const ledger = await showProgress('asking the node', () => connectLedger(address))
  const { value, header } = await ledger.entry(entry.kind, entry.key)
  const shown = name === undefined ? kind : `${kind} ${name}`
  const { validators, quorum } = ledger.parameters
  const facts = {
    ...{ kind, key: entry.key, exists: value !== undefined, value: value ?? null },
    ...{ chain_id: ledger.chainId, height: header.height, time: header.time },
    ...{ block_id: blockId(header), state_root: toHex(header.stateRoot) },
  }
  const text = [
    value === undefined ? `there is no ${shown}` : `${shown} is`,
    ...(value === undefined ? [] : [JSON.stringify(plain(value), undefined, 2)]),
    `in the state after block ${header.height} ${facts.block_id} of chain ${ledger.chainId},`,
    `proved to state root ${facts.state_root},`,
    `which at least ${quorum} of ${validators.length} validators in force signed`,
  ]
  printFacts(json, plain(facts) as object, text.join('\n'))
}

/** The entry that the two words name. Throws `entry_unknown`. */
function namedEntry(kind: string, name: string): Named {
  const [first = '', second = ''] = name.split(':', 2)
  const hash = /^[0-9a-f]{64}$/.test(first)
  const number = (text: string) =>
    /^\d{1,15}$/.test(text) && Number(text) <= COUNTER_MAX ? Number(text) : undefined
  const [one, two] = [number(first), number(second)]
  if (kind === 'parameters' && name === '') return { kind, key: {} }
  if (kind === 'channelCount' && name === '') return { kind, key: {} }
  if (kind === 'assetCount' && name === '') return { kind, key: {} }
  if (kind === 'parametersChange' && name === '') return { kind, key: {} }
  if (kind === 'asset' && one !== undefined) return { kind, key: { asset: one } }
  if (kind === 'channel' && one !== undefined) return { kind, key: { channel: one } }
  if (kind === 'coin' && hash && two !== undefined) {
    return { kind, key: { txId: first as TxId, index: two } }
  }
  if (kind === 'reveal' && hash && second === '') {
    return { kind, key: { anchor: first as Anchor } }
  }
  if (kind === 'revealStep' && hash && two !== undefined) {
    return { kind, key: { anchor: first as Anchor, step: two } }
  }
  throw new CommandError('entry_unknown', `one of ${Object.values(ENTRY_FORMS).join(', ')} is due`)
}

/** JSON of a value of the protocol: amounts as decimal strings, bytes as hex. */
function plain(value: unknown): unknown {
  const replace = (_: string, part: unknown) => {
    if (typeof part === 'bigint') return part.toString()
    return part instanceof Uint8Array ? toHex(part) : part
  }
  return JSON.parse(JSON.stringify(value, replace))
}
