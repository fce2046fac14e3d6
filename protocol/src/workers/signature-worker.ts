import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '../primitives/invariant.js'
import { decideChecks, type SharedChecks } from './signature-check.js'

/** Whether the workers stand behind the main thread, or beside it. */
export type SignatureWorkerData = 'behind' | 'beside'

/** A worker of `SignaturePool`: decides shared checks together with its fellows. */
invariant(parentPort !== null, 'this file runs as a worker')
const port = parentPort

const standing = workerData as SignatureWorkerData

// A ledger executes one block while the next one's signatures are checked, and all waits for its main
// thread: with as many workers as cores that got two thirds of one, and applied 0.8 of the transfers.
// Only Linux gives a thread a priority of its own; elsewhere this would be the whole process's.
if (standing === 'behind' && process.platform === 'linux') {
  setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL)
}

port.on('message', (checks: SharedChecks) => {
  decideChecks(checks)
  port.postMessage('decided')
})
