import {
  BACKUP_HUB_BYTES_MAX,
  BACKUP_REQUEST_SECONDS,
  type ChainId,
  COUNTER_MAX,
  equalBytes,
  isRejection,
  type PublicKey,
  parseHex,
  parsePublicKey,
  parseTimestamp,
  sha256,
  type Timestamp,
  verifyBackupFetch,
  verifyBackupUpload,
} from '@tallystick/protocol'
import express, {
  type ErrorRequestHandler,
  type Request,
  type Response,
  type Router,
} from 'express'
import type { BackupDesk } from '../backup/backup-desk.js'
import { type Problem, sendProblem } from './problem.js'

const DECIMAL = /^(?:0|[1-9][0-9]{0,14})$/
const SIGNATURE = /^Tallystick ([0-9a-f]{128})$/

/** What requests for backups are judged by. */
export type BackupRoutesParts = {
  readonly desk: BackupDesk
  readonly chainId: ChainId
  readonly hub: PublicKey
  /** Ledger time. */
  readonly now: () => Timestamp
}

/** `PUT` and `GET /v1/backups/{identity}` (BAK-5, BAK-6). */
export function backupRoutes(parts: BackupRoutesParts): Router {
  const router = express.Router()
  const address = '/v1/backups/:identity'
  const body = express.raw({
    type: 'application/octet-stream',
    limit: BACKUP_HUB_BYTES_MAX,
    inflate: false,
  })
  // A body is read only once its sender has shown who it is, and what it is going to send.
  router.put(address, (request, response, next) => {
    const upload = admitUpload(parts, request)
    if ('code' in upload) return sendProblem(response, upload)
    response.once('close', upload.end)
    body(request, response, (error: unknown) => {
      if (error) next(error)
      else answerUpload(parts, upload, request.body, response).catch(next)
    })
  })
  router.get(address, (request, response, next) => {
    const fetch = admitFetch(parts, request)
    if ('code' in fetch) return sendProblem(response, fetch)
    response.once('close', fetch.end)
    answerFetch(parts, fetch.identity, response).catch(next)
  })
  router.all(address, (_, response) => {
    response.set('allow', 'GET, HEAD, PUT')
    sendProblem(response, { code: 'method_not_allowed', detail: 'a backup is put, or got' })
  })
  router.use(answerBadBody)
  return router
}

type Upload = {
  readonly identity: PublicKey
  readonly version: number
  readonly digest: Uint8Array
  readonly end: () => void
}

function admitUpload(
  { desk, chainId, hub }: BackupRoutesParts,
  request: Request,
): Upload | Problem {
  const asked = signedRequest(request, ['version', 'digest'])
  if ('code' in asked) return asked
  const { identity, signature } = asked
  const version = numberOf(asked.query['version'])
  const digest = parseHex(asked.query['digest'] ?? '')
  if (version === undefined || version < 1 || version > COUNTER_MAX || digest?.length !== 32) {
    return {
      code: 'bad_request',
      detail: 'version is 1 to 2^48, digest 32 bytes in lower-case hex',
    }
  }
  if (!verifyBackupUpload(chainId, { hub, version, digest }, identity, signature)) {
    return badSignature(identity)
  }
  if (!desk.serves(identity)) {
    const detail = 'backups are kept for who has a channel here, attached under this identity'
    return { code: 'backup_unserved', detail }
  }
  const begun = desk.begin(identity)
  return isRejection(begun) ? begun : { identity, version, digest, ...begun }
}

async function answerUpload(
  { desk }: BackupRoutesParts,
  { identity, version, digest }: Upload,
  body: unknown,
  response: Response,
): Promise<void> {
  if (!(body instanceof Uint8Array)) {
    const detail = 'a backup comes as application/octet-stream'
    return sendProblem(response, { code: 'unsupported_media_type', detail })
  }
  const sealed = new Uint8Array(body)
  if (!equalBytes(sha256(sealed), digest)) {
    const detail = 'the bytes are not those of the digest that was signed'
    return sendProblem(response, { code: 'backup_mismatch', detail })
  }
  const outcome = await desk.keep({ identity, version, digest, sealed })
  if (outcome !== 'kept') return sendProblem(response, outcome)
  response.json({ version })
}

function admitFetch(
  { desk, chainId, hub, now }: BackupRoutesParts,
  request: Request,
): { readonly identity: PublicKey; readonly end: () => void } | Problem {
  const asked = signedRequest(request, ['time'])
  if ('code' in asked) return asked
  const { identity, signature } = asked
  const time = parseTimestamp(numberOf(asked.query['time']) ?? -1)
  if (time === undefined) return { code: 'bad_request', detail: 'time is a ledger time in seconds' }
  if (!verifyBackupFetch(chainId, { hub, time }, identity, signature)) return badSignature(identity)
  if (Math.abs(time - now()) > BACKUP_REQUEST_SECONDS) {
    const detail = `ledger time is ${now()} here, the request is of ${time}`
    return { code: 'backup_request_stale', detail }
  }
  if (!desk.holds(identity)) {
    return { code: 'backup_missing', detail: `no backup of ${identity} is kept here` }
  }
  const begun = desk.begin(identity)
  return isRejection(begun) ? begun : { identity, ...begun }
}

async function answerFetch(
  { desk }: BackupRoutesParts,
  identity: PublicKey,
  response: Response,
): Promise<void> {
  const sealed = await desk.sealed(identity)
  if (sealed === undefined) {
    // It was dropped in this moment.
    const detail = `no backup of ${identity} is kept here`
    return sendProblem(response, { code: 'backup_missing', detail })
  }
  response
    .type('application/octet-stream')
    .set('cache-control', 'no-store')
    .send(Buffer.from(sealed))
}

type Query = Readonly<Record<string, string>>

/** Identity, signature and exactly these parameters, each once. */
function signedRequest(
  { params, query, headers }: Request,
  names: readonly string[],
):
  | { readonly identity: PublicKey; readonly signature: Uint8Array; readonly query: Query }
  | Problem {
  const identity = parsePublicKey(String(params['identity']))
  if (identity === undefined) {
    return { code: 'not_found', detail: 'an identity is a key in lower-case hex' }
  }
  const isText = names.every((name) => typeof query[name] === 'string')
  if (!isText || Object.keys(query).length !== names.length) {
    return { code: 'bad_request', detail: `the parameters here are ${names.join(' and ')}` }
  }
  const [, hex] = SIGNATURE.exec(headers.authorization ?? '') ?? []
  const signature = hex === undefined ? undefined : parseHex(hex)
  if (signature === undefined) {
    const detail = 'authorization is Tallystick and 64 bytes in lower-case hex'
    return { code: 'bad_request', detail }
  }
  return { identity, signature, query: query as Query }
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && DECIMAL.test(text) ? Number(text) : undefined
}

function badSignature(identity: PublicKey): Problem {
  const detail = `this request was not signed by ${identity}`
  return { code: 'bad_backup_signature', detail }
}

/** What Express makes of a body that it does not take; all else is somebody else's. */
const answerBadBody: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  if (status === 413) {
    const detail = `a backup has at most ${BACKUP_HUB_BYTES_MAX} bytes`
    return sendProblem(response, { code: 'backup_too_large', detail })
  }
  if (status === 415) {
    const detail = 'a backup is not compressed'
    return sendProblem(response, { code: 'unsupported_media_type', detail })
  }
  return next(error)
}
