import { argumentDecoders } from './argument-decoders.js'
import { backupDecoders } from './backup-decoders.js'
import { bundleDecoders } from './bundle-decoders.js'
import { exportedCodecs, stateEntryDecoders } from './codec-decoders.js'
import type { Decoder } from './decoder.js'
import { historyDecoders } from './history-decoders.js'
import { httpDecoders } from './http-decoders.js'
import { jsonDecoders } from './json-decoders.js'
import { letterDecoders } from './letter-decoders.js'
import { storeDecoders } from './store-decoders.js'
import { textDecoders } from './text-decoders.js'
import { transactionDecoders } from './transaction-decoders.js'

/** Every decoder of protocol, settlement, hub, client-sdk and wallet. */
export async function allDecoders(): Promise<readonly Decoder[]> {
  return [
    ...(await exportedCodecs()),
    ...stateEntryDecoders(),
    ...transactionDecoders(),
    ...textDecoders(),
    ...jsonDecoders(),
    ...httpDecoders(),
    ...argumentDecoders(),
    ...backupDecoders(),
    ...letterDecoders(),
    ...storeDecoders(),
    ...bundleDecoders(),
    ...(await historyDecoders()),
  ]
}

/** Exported functions that are called like decoders, tried by none above: each with the reason. */
export const NOT_FUZZED: Readonly<Record<string, string>> = {
  decode: 'reads whatever codec it is given: each of them is tried with it',
  decodeTrusted: 'as decode, with an exception: each codec is tried with it',
  readAhead: 'hands on what somebody else reads',
  readFrame: 'is tried with parseTickFrame, and held against its codec: test/protocol/tick',
  readHubChannelDelta: 'reads what a start has checked by digests; test/hub/journal-log',
  readPayment: 'reads what a start has checked by digests; test/hub/journal-log',
  parseVault: 'reads what the same program has stored in a browser; test/browser/indexed-store',
  parseSums: 'reads what a start has checked by digests; test/hub/journal-log, damaged-journal',
  readSeal: 'reads a database; its row is read by findSeal: test/client-sdk/sealed-damage',
  readBackupFile: 'reads a file; openBackup, which reads its bytes, is tried',
  readBundleFile: 'reads a file; parseExitBundle, which reads its bytes, is tried',
  readWordsFile: 'refuses whatever is no mnemonic; parseMnemonic, which reads it, is tried',
  readSettings: 'reads a file; parseSettings, which reads its text, is tried',
  readWords: 'asks a person; parseMnemonic, which reads the answer, is tried',
  readFound:
    'checks what is read already: checkEntrusted, which it asks, is tried by test/protocol',
  readBody: 'reads a request to a bound of bytes; test/integration/ledger-hostile-input',
}
