import { join } from 'node:path'

/** Where things lie in a node's data folder. */
export function dataFolder(dataDir: string) {
  return {
    genesis: join(dataDir, 'genesis.json'),
    validatorKey: join(dataDir, 'validator.key'),
    ledger: join(dataDir, 'ledger.sqlite'),
    tipMark: join(dataDir, 'tip.mark'),
  }
}
