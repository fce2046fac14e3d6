import { parentPort } from 'node:worker_threads'
import { invariant } from '@tallystick/protocol'
import { hashEntries } from '../state/hash-entries.js'
import type { EntryBatch } from '../store/ledger-store.js'

/** A worker that answers a batch of stored entries with the hashes of their leaves. */
invariant(parentPort !== null, 'this file runs as a worker')
const port = parentPort

port.on('message', (batch: EntryBatch) => port.postMessage(hashEntries(batch)))
