export {
  putCheck,
  type SharedChecks,
  type SignatureCheck,
  sharedChecks,
} from './workers/signature-check.js'
export { SignaturePool } from './workers/signature-pool.js'
export { WorkerGone, WorkerPool } from './workers/worker-pool.js'
