import {
  BACKUP_HUB_BYTES_MAX,
  type ChainId,
  type PublicKey,
  parsePublicKey,
  type Signer,
  sha256,
  signBackupFetch,
  signBackupUpload,
  type Timestamp,
  toHex,
} from '@tallystick/protocol'
import { Answer } from '../ledger/answer.js'
import type { Fetch } from '../ledger/ledger-http.js'
import { WalletError } from '../wallet-error.js'

/** Until a hub has answered whole, milliseconds: the largest backup over 2 Mbit/s takes four seconds. */
const REQUEST_MS_MAX = 10_000

/** Where a wallet's hub keeps its backup (BAK-5, BAK-6). */
export class HubBackups {
  readonly #hubUrl: string
  readonly #fetch: Fetch
  readonly #chainId: ChainId
  readonly #identity: Signer

  /** `sessionUrl`: the hub's session address, `ws://host:port/v1/session`. */
  constructor(sessionUrl: string, fetch: Fetch, chainId: ChainId, identity: Signer) {
    this.#hubUrl = sessionUrl.replace(/^ws/, 'http')
    // A browser's own refuses to be called as the method of another object.
    this.#fetch = (input, init) => fetch(input, init)
    this.#chainId = chainId
    this.#identity = identity
  }

  /**
   * Kept once the hub has the backup on disk. Errors: `hub_unreachable`; what the hub refuses, of
   * which `backup_version_falls` says that it has a newer one, that this wallet does not know.
   */
  async put(
    hub: PublicKey,
    version: number,
    backup: Uint8Array,
    signal: AbortSignal,
  ): Promise<void> {
    const digest = sha256(backup)
    const upload = { hub, version, digest }
    const signature = signBackupUpload(this.#chainId, upload, this.#identity)
    await this.#request(`${this.#path}?version=${version}&digest=${toHex(digest)}`, signal, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream', ...authorization(signature) },
      body: backup,
    })
  }

  /**
   * The newest backup that the hub gives; `undefined`: it says that it has none. `hub`: absent, the
   * key that answers there now. Errors: `hub_unreachable`; what the hub refuses.
   */
  async get(
    hub: PublicKey | undefined,
    time: Timestamp,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const fetch = { hub: hub ?? (await this.#hubKey(signal)), time }
    const signature = signBackupFetch(this.#chainId, fetch, this.#identity)
    try {
      const headers = authorization(signature)
      return await this.#request(`${this.#path}?time=${time}`, signal, { headers })
    } catch (error) {
      if (error instanceof WalletError && error.code === 'backup_missing') return undefined
      throw error
    }
  }

  get #path(): string {
    return `backups/${this.#identity.publicKey}`
  }

  /** Who wrongly claims a key gets a signature that only the hub of that key could use. */
  async #hubKey(signal: AbortSignal): Promise<PublicKey> {
    const answer = await this.#request('hub', signal, {})
    const key = parsePublicKey(new Answer(parsedJson(answer), 'hub').text('key', 64))
    if (key !== undefined) return key
    throw unreachable('the hub does not say its key')
  }

  async #request(path: string, signal: AbortSignal, init: RequestInit): Promise<Uint8Array> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS_MAX)])
    try {
      const url = new URL(path, this.#hubUrl)
      // The address that was chosen is asked, none that its server chooses.
      const response = await this.#fetch(url, { ...init, signal: limit, redirect: 'manual' })
      const body = await boundedBody(response)
      if (response.status === 200) return body
      throw refusal(response.status, body)
    } catch (cause) {
      if (cause instanceof WalletError) throw cause
      throw unreachable('the hub did not answer', cause)
    }
  }
}

function authorization(signature: Uint8Array): { readonly authorization: string } {
  return { authorization: `Tallystick ${toHex(signature)}` }
}

async function boundedBody({ body }: Response): Promise<Uint8Array> {
  return new Uint8Array(await new Response(bounded(body)).arrayBuffer())
}

/** The stream, broken off where it becomes longer than any backup that a hub keeps. */
function bounded(body: Response['body']): Response['body'] {
  if (body === null) return null
  let left = BACKUP_HUB_BYTES_MAX
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        left -= chunk.length
        if (left < 0) controller.error(new Error('the answer is longer than any backup'))
        else controller.enqueue(chunk)
      },
    }),
  )
}

/** What the hub refused, as RFC 9457 problem details say it. */
function refusal(status: number, body: Uint8Array): WalletError {
  const problem = new Answer(parsedJson(body), 'backups')
  const code = problem.text('code', 64)
  const detail = problem.text('detail', 2_048)
  return new WalletError(code, `HTTP ${status}: ${detail}`, {
    retryable: problem.flag('retryable'),
  })
}

function parsedJson(body: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(body))
}

function unreachable(detail: string, cause?: unknown): WalletError {
  return new WalletError('hub_unreachable', detail, { retryable: true, cause })
}
