import { constants, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { invariant } from '@tallystick/protocol'
import { decideChecks, type SharedChecks } from '../verify/signature-check.js'

/** A worker of `SignaturePool`: decides shared checks together with its fellows. */
invariant(parentPort !== null, 'this file runs as a worker')
const port = parentPort

// The main thread executes one block while the next one's signatures are checked, and all waits for
// it: with as many workers as cores it got two thirds of one, and applied 0.8 of the transfers. Only
// Linux gives a thread a priority of its own; elsewhere this would be the whole process's.
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL)

port.on('message', (checks: SharedChecks) => {
  decideChecks(checks)
  port.postMessage('decided')
})
