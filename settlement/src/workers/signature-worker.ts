import { parentPort } from 'node:worker_threads'
import { invariant, verifyEncodedSignature } from '@tallystick/protocol'
import { CHECK_BYTES } from '../verify/signature-check.js'

/** A worker of `SignaturePool`: answers packed checks with a byte each, 1 for a valid signature. */
invariant(parentPort !== null, 'this file runs as a worker')
const port = parentPort

port.on('message', (packed: Uint8Array) => {
  const verdicts = new Uint8Array(packed.length / CHECK_BYTES)
  for (let check = 0; check < verdicts.length; check++) {
    const at = CHECK_BYTES * check
    const isValid = verifyEncodedSignature(
      packed.subarray(at, at + 32),
      packed.subarray(at + 32, at + 64),
      packed.subarray(at + 64, at + CHECK_BYTES),
    )
    verdicts[check] = isValid ? 1 : 0
  }
  port.postMessage(verdicts, [verdicts.buffer])
})
