import { parentPort } from 'node:worker_threads'
import { invariant } from '@tallystick/protocol'
import { decideChecks, type SharedChecks } from '../verify/signature-check.js'

/** A worker of `SignaturePool`: decides shared checks together with its fellows. */
invariant(parentPort !== null, 'this file runs as a worker')
const port = parentPort

port.on('message', (checks: SharedChecks) => {
  decideChecks(checks)
  port.postMessage('decided')
})
