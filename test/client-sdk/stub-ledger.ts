import {
  blockCodec,
  blockHeaderCodec,
  certificateCodec,
  type EntryKind,
  encode,
  encodeStateProof,
  fromHex,
  genesisCodec,
  isRejection,
  parseTransaction,
  STATE_ENTRIES,
  type StateEntries,
  stateKey,
  type Timestamp,
  type Transaction,
  toHex,
  transactionId,
} from '@tallystick/protocol'
import type { Fetch } from '#client-sdk/ledger/ledger-http.js'
import type { OpenSocket, SocketHandlers } from '#client-sdk/ledger/open-socket.js'
import { proveKey } from '../settlement/reference-tree.js'
import { certifyBy, type LedgerWorld } from './ledger-world.js'

type Body = Record<string, unknown>
type Reply = { readonly status: number; readonly body: Body }

/**
 * A ledger node without a network: the ledger's own core behind the node's API. `tamper` and
 * `mangle` change what it says, so that tests can lie with it.
 */
export class StubLedger {
  readonly world: LedgerWorld
  readonly #pending = new Map<string, Transaction>()
  readonly #rejected = new Map<string, { code: string; detail: string }>()
  readonly #feeds = new Set<SocketHandlers>()
  /** Addresses of the feeds opened so far. */
  readonly feedsOpened: string[] = []
  requests = 0
  tamper: (path: string, body: Body) => Body | Response = (_, body) => body
  mangle: (frame: Uint8Array, height: number) => Uint8Array | undefined = (frame) => frame

  constructor(world: LedgerWorld) {
    this.world = world
  }

  readonly fetch: Fetch = async (input, init) => {
    const { pathname, searchParams } = new URL(String(input))
    const sent = init?.body === undefined ? undefined : (JSON.parse(String(init.body)) as Body)
    const { status, body } = this.#route(pathname.split('/').slice(2), searchParams, sent)
    this.requests++
    const said = this.tamper(pathname, body)
    return said instanceof Response ? said : Response.json(said, { status })
  }

  readonly openSocket: OpenSocket = (url, handlers) => {
    this.feedsOpened.push(url)
    const from = Number(new URL(url).searchParams.get('from'))
    setTimeout(() => {
      handlers.onOpen()
      this.#feeds.add(handlers)
      for (let height = from; height <= this.world.header.height; height++) {
        this.#sendBlock(handlers, height)
      }
    })
    const close = () => this.#hangUp(handlers)
    return { send: () => {}, close, bufferedAmount: 0 }
  }

  /** Makes a block of `more` and of everything pending, or drops what of that has become wrong. */
  produce(time: Timestamp, ...more: readonly Transaction[]): void {
    const good: Transaction[] = [...more]
    for (const [id, transaction] of this.#pending) {
      const judged = this.world.judge(transaction, time)
      if (isRejection(judged)) this.#rejected.set(id, { code: judged.code, detail: judged.detail })
      else good.push(transaction)
    }
    this.#pending.clear()
    this.world.produce(time, ...good)
    for (const feed of this.#feeds) this.#sendBlock(feed, this.world.header.height)
  }

  /** Cuts all feeds. */
  hangUp(): void {
    for (const feed of this.#feeds) this.#hangUp(feed)
  }

  #hangUp(feed: SocketHandlers): void {
    if (this.#feeds.delete(feed)) setTimeout(() => feed.onClose({ code: 1006, text: 'cut' }))
  }

  #sendBlock(feed: SocketHandlers, height: number): void {
    const block = this.world.blocks[height - 1]
    if (block === undefined || !this.#feeds.has(feed)) return
    const frame = this.mangle(encode(blockCodec, block), height)
    if (frame !== undefined) feed.onMessage(frame)
  }

  #route(path: readonly string[], query: URLSearchParams, sent: Body | undefined): Reply {
    const [resource, a, b, c] = path
    switch (resource) {
      case 'genesis': {
        const genesis = toHex(encode(genesisCodec, this.world.genesis))
        return ok({ chain_id: this.world.chainId, genesis })
      }
      case 'parameter-changes': {
        const from = Number(query.get('from'))
        const due = this.world.handovers.filter(({ activationHeight }) => activationHeight >= from)
        const data = due.map(({ activationHeight, bytes }) => {
          return { activation_height: activationHeight, handover: toHex(bytes) }
        })
        return ok({ data, has_more: false, next: null })
      }
      case 'headers':
        return ok(this.#header())
      case 'blocks': {
        const block = this.world.blocks[Number(a) - 1]
        if (block === undefined) return problem(404, 'not_found', false)
        return ok({ height: Number(a), block: toHex(encode(blockCodec, block)) })
      }
      case 'transactions':
        return sent === undefined
          ? this.#status(a ?? '')
          : this.#submit(String(sent['transaction']))
      case 'assets':
        return this.#entry('asset', { asset: Number(a) })
      case 'channels':
        if (a === undefined) return this.#channels(query)
        return b === 'transactions'
          ? this.#channelTransactions(Number(a), query)
          : this.#entry('channel', { channel: Number(a) })
      case 'coins':
        return a === undefined
          ? this.#coins(query)
          : this.#entry('coin', { txId: a, index: Number(b) } as StateEntries['coin']['key'])
      case 'reveals':
        return b === undefined
          ? this.#entry('reveal', { anchor: a } as StateEntries['reveal']['key'])
          : this.#entry('revealStep', {
              anchor: a,
              step: Number(c),
            } as StateEntries['revealStep']['key'])
      default:
        return problem(404, 'not_found', false)
    }
  }

  #header(): Body {
    const { header } = this.world
    const validators = this.world.state.read('parameters', {})?.validators ?? []
    const signed = certifyBy(header, validators, this.world.signers)
    const certificate = header.height === 0 ? null : toHex(encode(certificateCodec, signed))
    return { height: header.height, header: toHex(encode(blockHeaderCodec, header)), certificate }
  }

  #entry<Kind extends EntryKind>(kind: Kind, key: StateEntries[Kind]['key']): Reply {
    const value = this.world.state.read(kind, key)
    const proof = proveKey(this.world.tree, stateKey(kind, key))
    return ok({
      ...this.#header(),
      value: value === undefined ? null : toHex(encode(STATE_ENTRIES[kind].value, value)),
      proof: toHex(encodeStateProof(proof)),
    })
  }

  #coins(query: URLSearchParams): Reply {
    const found = this.world.state.writes().flatMap(({ kind, key, value }) => {
      return kind === 'coin' && value?.lock === query.get('lock')
        ? [{ tx_id: key.txId, index: key.index, asset: value.asset, amount: `${value.amount}` }]
        : []
    })
    return page(found, query)
  }

  #channels(query: URLSearchParams): Reply {
    const key = query.get('key')
    const found = this.world.state.writes().flatMap(({ kind, value }) => {
      return kind === 'channel' && (value?.client.key === key || value?.hub.key === key)
        ? [{ number: value?.number, id: value?.id }]
        : []
    })
    return page(found, query)
  }

  /** Every transaction of the blocks that has an operation: the tests have one channel each. */
  #channelTransactions(channel: number, query: URLSearchParams): Reply {
    if (channel !== 0) return problem(404, 'not_found', false)
    const places = this.world.blocks.flatMap(({ header, transactions }) =>
      transactions.flatMap((encoded, position) => {
        const transaction = parseTransaction(encoded)
        if (isRejection(transaction) || transaction.body.operations.length === 0) return []
        const id = transactionId(header.chainId, transaction.body)
        return [{ id, height: header.height, position }]
      }),
    )
    return page(places, query)
  }

  #submit(hex: string): Reply {
    const transaction = parseTransaction(fromHex(hex))
    if (isRejection(transaction)) return problem(400, transaction.code, false)
    const id = transactionId(this.world.chainId, transaction.body)
    const judged = this.world.judge(transaction, this.world.header.time)
    if (isRejection(judged)) return problem(422, judged.code, false)
    this.#pending.set(id, transaction)
    return { status: 202, body: { id, status: 'pending' } }
  }

  #status(id: string): Reply {
    if (this.#pending.has(id)) return ok({ id, status: 'pending' })
    const rejected = this.#rejected.get(id)
    if (rejected !== undefined) return ok({ id, status: 'rejected', ...rejected })
    for (const { header, transactions } of this.world.blocks) {
      for (const [position, encoded] of transactions.entries()) {
        const transaction = parseTransaction(encoded)
        if (isRejection(transaction)) continue
        if (transactionId(header.chainId, transaction.body) !== id) continue
        const { height } = header
        return ok({ id, status: 'included', height, position, transaction: toHex(encoded) })
      }
    }
    return problem(404, 'not_found', false)
  }
}

function ok(body: Body): Reply {
  return { status: 200, body }
}

export function problem(status: number, code: string, retryable: boolean): Reply {
  const body = { type: 'about:blank', title: code, status, code, detail: code, retryable }
  return { status, body: { ...body, request_id: 'req_1' } }
}

/** Two items a page, so that lists are read on. */
function page(items: readonly Body[], query: URLSearchParams): Reply {
  const start = Number(query.get('cursor') ?? '0')
  const end = start + 2
  const more = end < items.length
  return ok({ data: items.slice(start, end), has_more: more, next: more ? `${end}` : null })
}
