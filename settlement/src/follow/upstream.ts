import {
  type BlockHeader,
  type BlockId,
  blockHeaderCodec,
  type Certificate,
  certificateCodec,
  decode,
  fromHex,
  type Genesis,
  genesisCodec,
  isRejection,
} from '@tallystick/protocol'
import { z } from 'zod'
import { complaint } from '../api/parameters.js'
import { LedgerFault } from '../ledger-fault.js'
import {
  PAGE_ITEMS_MAX,
  UPSTREAM_ANSWER_BYTES_MAX,
  UPSTREAM_ANSWER_MS_MAX,
  UPSTREAM_PACE,
  UPSTREAM_WORD_BYTES_MAX,
} from '../limits.js'
import type { CertifiedHeader } from '../node/find-conflict.js'
import { askServer, type ServerRequest, wholeBody } from './ask-server.js'

const hex = z.string().regex(/^(?:[0-9a-f]{2})+$/)
const statusSchema = z.looseObject({
  chain_id: z.string(),
  height: z.int().nonnegative(),
  block_id: z.string().regex(/^[0-9a-f]{64}$/),
})
const headerSchema = z.looseObject({ header: hex, certificate: hex })
const genesisSchema = z.looseObject({ genesis: hex })
const blocksSchema = z.looseObject({ data: z.array(z.looseObject({ block: hex })) })
const problemSchema = z.looseObject({ code: z.string(), detail: z.string() })

/** What an upstream answered, whole. */
export type UpstreamAnswer = {
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array
}

/** The API of another node. Nothing that it says is believed by whoever asks here. */
export class Upstream {
  /** Without a slash at the end. */
  readonly url: string

  constructor(url: string) {
    this.url = url.replace(/\/+$/, '')
  }

  /** Its chain, and its newest block. */
  async status(signal?: AbortSignal): Promise<{
    readonly chainId: string
    readonly height: number
    readonly blockId: BlockId
  }> {
    const { chain_id, height, block_id } = await this.#read('/v1/status', statusSchema, signal)
    return { chainId: chain_id, height, blockId: block_id as BlockId }
  }

  async genesis(): Promise<Genesis> {
    const { genesis } = await this.#read('/v1/genesis', genesisSchema)
    const decoded = decode(genesisCodec, fromHex(genesis))
    if (isRejection(decoded)) throw this.#wrong('/v1/genesis', decoded.detail)
    return decoded as Genesis
  }

  /** The header of a height from 1 on, with its certificate. */
  async header(height: number, signal: AbortSignal): Promise<CertifiedHeader> {
    const path = `/v1/headers/${height}`
    const answer = await this.#read(path, headerSchema, signal)
    const header = decode(blockHeaderCodec, fromHex(answer.header))
    const certificate = decode(certificateCodec, fromHex(answer.certificate))
    if (isRejection(header)) throw this.#wrong(path, header.detail)
    if (isRejection(certificate)) throw this.#wrong(path, certificate.detail)
    return { header: header as BlockHeader, certificate: certificate as Certificate }
  }

  /** The bytes of a page of blocks from a height on; none above the upstream's tip. */
  async blocks(from: number): Promise<readonly Uint8Array[]> {
    const path = `/v1/blocks?from=${from}&limit=${PAGE_ITEMS_MAX}`
    const { data } = await this.#read(path, blocksSchema)
    return data.map(({ block }) => fromHex(block))
  }

  /** Hands a transaction on; whatever the upstream answers. Throws `upstream_unreachable`. */
  submit(encoded: Uint8Array): Promise<UpstreamAnswer> {
    return this.#ask('/v1/transactions', { body: encoded }, UPSTREAM_WORD_BYTES_MAX)
  }

  async #read<T>(path: string, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T> {
    const { status, body } = await this.#ask(path, { signal })
    const json = parsedJson(body)
    if (status !== 200) {
      const problem = problemSchema.safeParse(json)
      const said = problem.success ? `${problem.data.code}: ${problem.data.detail}` : 'no reason'
      const pruned = problem.success && problem.data.code === 'pruned'
      throw new LedgerFault(
        pruned ? 'history_pruned' : 'upstream_unusable',
        `${this.url}${path} answers ${status}: ${said}`,
      )
    }
    const parsed = schema.safeParse(json)
    if (!parsed.success) throw this.#wrong(path, complaint(parsed.error))
    return parsed.data
  }

  async #ask(
    path: string,
    request: Pick<ServerRequest, 'body' | 'signal'> = {},
    bytesMax = UPSTREAM_ANSWER_BYTES_MAX,
  ): Promise<UpstreamAnswer> {
    const late = AbortSignal.timeout(UPSTREAM_ANSWER_MS_MAX)
    const signal = request.signal ? AbortSignal.any([request.signal, late]) : late
    const url = this.url + path
    const answer = await askServer(url, { ...request, signal, pace: UPSTREAM_PACE })
    const { status, contentType } = answer
    return { status, contentType, body: await wholeBody(url, answer, bytesMax) }
  }

  #wrong(path: string, why: string): LedgerFault {
    return new LedgerFault('upstream_unusable', `${this.url}${path}: ${why.slice(0, 500)}`)
  }
}

function parsedJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    // `JSON.parse` has no other way to say so; the schema refuses what is missing.
    return undefined
  }
}
