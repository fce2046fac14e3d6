import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect as connectTcp } from 'node:net'
import { describe, test } from 'node:test'
import {
  deriveKeys,
  encode,
  isRejection,
  MESSAGE_BYTES_MAX,
  type Message,
  messageCodec,
  parseFrame,
  type Signer,
  signSession,
  type Transcript,
  transcriptOf,
} from '@tallystick/protocol'
import { WebSocket } from 'ws'
import { startPosition } from '../protocol/test-channel.js'
import { ONE, startTestNetwork } from './test-network.js'

/** A connection that says what it likes. */
class Stranger {
  readonly #socket: WebSocket
  readonly #heard: Message[] = []
  readonly #waiting: (() => void)[] = []
  #closed = false

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer) => {
      const messages = parseFrame(new Uint8Array(data))
      assert.ok(!isRejection(messages), 'the hub speaks the protocol')
      this.#heard.push(...messages)
      this.#wake()
    })
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
    socket.on('error', () => undefined)
  }

  static async connect(url: string): Promise<Stranger> {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    const stranger = new Stranger(socket)
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    return stranger
  }

  say(message: Message): void {
    this.#socket.send(encode(messageCodec, message))
  }

  sayBytes(bytes: Uint8Array | string): void {
    this.#socket.send(bytes)
  }

  async hear<Kind extends Message['kind']>(kind: Kind): Promise<Extract<Message, { kind: Kind }>> {
    for (;;) {
      const found = this.#heard.findIndex((message) => message.kind === kind)
      if (found >= 0) return this.#heard.splice(found, 1)[0] as Extract<Message, { kind: Kind }>
      assert.ok(!this.#closed, `the hub hung up without saying ${kind}`)
      await new Promise<void>((wake) => this.#waiting.push(wake))
    }
  }

  async gone(): Promise<void> {
    while (!this.#closed) await new Promise<void>((wake) => this.#waiting.push(wake))
  }

  /** Proves who is there; answers the transcript that both signed. */
  async prove(identity: Signer): Promise<Transcript> {
    const { kind: _, ...hello } = await this.hear('hello')
    const nonce = new Uint8Array(randomBytes(32))
    const transcript = transcriptOf(hello, { client: identity.publicKey, nonce })
    const signature = signSession('client', transcript, identity)
    this.say({ kind: 'auth', client: identity.publicKey, nonce, signature })
    await this.hear('welcome')
    return transcript
  }

  close(): void {
    this.#socket.close()
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

const identity = () => deriveKeys(new Uint8Array(randomBytes(32))).identity

describe('hostile clients get a named error, and honest ones do not notice', () => {
  test('WIRE-2 WIRE-4 every kind of bad message, while two honest wallets keep paying', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const { wallet: alice } = await network.wallet('alice')
    const { wallet: bob } = await network.wallet('bob')
    await alice.openChannel({ deposit: 100n * ONE })
    const pay = async (key: string) => {
      const { text } = await bob.createInvoice({ value: ONE, description: key })
      assert.equal((await alice.pay(text, { key })).status, 'paid')
    }
    await pay('before')

    const expect = async (code: string, act: (stranger: Stranger) => void | Promise<void>) => {
      const stranger = await Stranger.connect(network.hubUrl)
      await act(stranger)
      assert.equal((await stranger.hear('error')).code, code)
      stranger.close()
      await stranger.gone()
      await pay(`after ${code} ${randomBytes(4).toString('hex')}`)
    }

    await expect('malformed', (stranger) => stranger.sayBytes(Uint8Array.of(255, 1, 2, 3)))
    await expect('malformed', (stranger) => stranger.sayBytes('{"kind":"auth"}'))
    await expect('malformed', (stranger) => stranger.sayBytes(new Uint8Array()))
    await expect('not_authenticated', (stranger) =>
      stranger.say({ kind: 'closeIntent', channel: '00'.repeat(32) as never }),
    )
    await expect('bad_session_signature', async (stranger) => {
      await stranger.hear('hello')
      const { publicKey: client } = identity()
      stranger.say({
        kind: 'auth',
        client,
        nonce: new Uint8Array(32),
        signature: new Uint8Array(64),
      })
    })
    await expect('unexpected_message', async (stranger) => {
      await stranger.prove(identity())
      stranger.say({ kind: 'granted', request: 1, txId: '00'.repeat(32) as never })
    })
    await expect('channel_unknown', async (stranger) => {
      await stranger.prove(identity())
      const position = startPosition('11'.repeat(32) as never)
      stranger.say({ kind: 'attach', position, signature: new Uint8Array(64) })
    })
    const [held] = alice.channels()
    assert.ok(held !== undefined)
    const channel = held.party.ledger.id
    await expect('channel_not_attached', async (stranger) => {
      await stranger.prove(identity())
      stranger.say({ kind: 'closeIntent', channel })
    })
    await expect('bad_attach_signature', async (stranger) => {
      await stranger.prove(identity())
      const position = startPosition(channel)
      stranger.say({ kind: 'attach', position, signature: new Uint8Array(64) })
    })
    const [update] = held.party.unconfirmed
    await expect('channel_not_attached', async (stranger) => {
      await stranger.prove(identity())
      const evidence = { kind: 'single', signature: new Uint8Array(64) } as const
      const forged = { channel, epoch: 0, version: 99, acked: 0, changes: [], evidence }
      stranger.say({ kind: 'update', ...(update ?? forged) })
    })
  })

  test('INV-20 an answer recorded on one session proves nothing on another', async (t) => {
    const network = await startTestNetwork(t, [])
    const first = await Stranger.connect(network.hubUrl)
    const someone = identity()
    const { kind: _, ...hello } = await first.hear('hello')
    const nonce = new Uint8Array(32)
    const transcript = transcriptOf(hello, { client: someone.publicKey, nonce })
    const signature = signSession('client', transcript, someone)
    const auth = { kind: 'auth', client: someone.publicKey, nonce, signature } as const
    first.say(auth)
    await first.hear('welcome')
    const second = await Stranger.connect(network.hubUrl)
    await second.hear('hello')
    second.say(auth)
    assert.equal((await second.hear('error')).code, 'bad_session_signature')
    first.close()
  })

  test('INV-45 a message above the limit closes the connection before it is buffered', async (t) => {
    const network = await startTestNetwork(t, [])
    const stranger = await Stranger.connect(network.hubUrl)
    await stranger.prove(identity())
    stranger.sayBytes(new Uint8Array(MESSAGE_BYTES_MAX + 1))
    await stranger.gone()
    const next = await Stranger.connect(network.hubUrl)
    await next.prove(identity())
    next.close()
  })

  test('INV-45 an upgrade to an address that is none is refused, and the hub lives on', async (t) => {
    const network = await startTestNetwork(t, [])
    const { hostname, port } = new URL(network.hubUrl)
    for (const path of ['//', 'http://', '/v1/session%', '*']) {
      const socket = connectTcp(Number(port), hostname)
      socket.on('error', () => undefined)
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      )
      await new Promise((resolve) => socket.once('close', resolve).resume())
    }
    const next = await Stranger.connect(network.hubUrl)
    await next.prove(identity())
    next.close()
    assert.equal(network.restarts(), 0)
  })

  test('HUB-7 shops get their channels while others ask for what they cannot have', async (t) => {
    const network = await startTestNetwork(t, [])
    const stranger = await Stranger.connect(network.hubUrl)
    const { hub } = await stranger.prove(identity())
    const payoutLock = '22'.repeat(32) as never
    const ask = (request: number, key: typeof hub, inbound: bigint) =>
      stranger.say({ kind: 'openRequest', request, key, payoutLock, inbound: inbound as never })
    for (let round = 0; round < 3; round++) {
      ask(2 * round, hub, 100_000n)
      // More than the hub has, and no more than it would deposit.
      ask(2 * round + 1, identity().publicKey, 10n ** 15n)
      const { wallet: shop } = await network.wallet(`shop ${round}`)
      assert.equal((await shop.createInvoice({ value: ONE })).amount, ONE)
      const codes = new Map<number, string>()
      while (codes.size < 2) {
        const { request, code } = await stranger.hear('refused')
        codes.set(request % 2, code)
      }
      assert.deepEqual([codes.get(0), codes.get(1)], ['keys_not_distinct', 'hub_out_of_funds'])
    }
    stranger.close()
  })

  test('the hub answers a request that it will not grant with a reason', async (t) => {
    const network = await startTestNetwork(t, [])
    const stranger = await Stranger.connect(network.hubUrl)
    const someone = identity()
    await stranger.prove(someone)
    const key = identity().publicKey
    const payoutLock = '22'.repeat(32) as never
    const inbound = (2n ** 63n - 1n) as never
    stranger.say({ kind: 'openRequest', request: 7, key, payoutLock, inbound })
    const refused = await stranger.hear('refused')
    assert.deepEqual([refused.request, refused.code], [7, 'inbound_out_of_bounds'])
    stranger.close()
  })
})
