import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Amount,
  balanceProofDigest,
  type ChannelId,
  draftDigest,
  hasDraft,
  isRejection,
  type LaneUpdate,
  type Message,
  maySign,
  positionOf,
  RESUME_NONCE_BYTES,
  type Rejection,
  seal,
  signEvidence,
  timestamp,
  toHex,
} from '@tallystick/protocol'
import type { WalletEffect, WalletEvent } from '#client-sdk/wallet/wallet-event.js'
import { WalletOverlay, WalletState } from '#client-sdk/wallet/wallet-state.js'
import { stepWallet } from '#client-sdk/wallet/wallet-step.js'
import { HubWorld, type TestClient } from '../hub/hub-world.js'
import { anchorFor, at, CHAIN, Dice, itemId, seeds } from '../protocol/test-channel.js'
import { pendingPayment } from './pending-payment.js'

/*
 * Devices of one person against the hub's core. Each has a store of its own, may be closed at any
 * moment with what was on its way, and takes the channel over from the one before. A global observer
 * keeps everything that was ever signed.
 */

const DEVICES = 3
const STEPS = 600
const RUNS = 24

/** Everything that was signed under the client's key: each name has one content, for ever. */
class Observer {
  readonly #contents = new Map<string, string>()
  readonly epochs = new Set<number>()

  see({ channel, epoch, version }: LaneUpdate, digest: Uint8Array): void {
    const name = `${channel}:${epoch}:${version}`
    const content = toHex(digest)
    const before = this.#contents.get(name)
    assert.ok(before === undefined || before === content, `two contents for ${name}`)
    this.#contents.set(name, content)
    this.epochs.add(epoch)
  }
}

class Device {
  readonly state = new WalletState()
  readonly channel: ChannelId
  readonly #world: Devices
  /** What the hub has said on its connection and it has not heard. */
  inbox: Message[] = []
  isAttached = false

  constructor(world: Devices, isNew: boolean) {
    this.#world = world
    const channel = world.client.party.ledger
    this.channel = channel.id
    const books = isNew ? 'whole' : 'lost'
    this.does({ kind: 'channelSeen', channel, keyIndex: 0, books })
  }

  get party() {
    return this.state.channel(this.channel)?.party ?? assert.fail()
  }

  /** One commit, then what it says; `isCut`: the process dies in between. */
  does(event: WalletEvent, isCut = false): Rejection | undefined {
    const { hub, observer, client } = this.#world
    const overlay = new WalletOverlay(this.state)
    const nonce = this.#world.dice.bytes(RESUME_NONCE_BYTES)
    const context = {
      chainId: CHAIN,
      now: hub.now,
      signer: () => client.signer,
      nonce,
    }
    const outcome = stepWallet(overlay, event, context)
    if (isRejection(outcome)) return outcome as Rejection
    const effects = [...(outcome as WalletEffect[])]
    for (const held of overlay.written()) {
      const { party } = held
      if (!hasDraft(party) || !maySign(party)) continue
      const [evidence] = signEvidence(CHAIN, client.signer, [draftDigest(CHAIN, party)])
      assert.ok(evidence !== undefined)
      const sealed = seal(party, evidence)
      const { own } = sealed.party
      const digest = balanceProofDigest(CHAIN, this.channel, 'client', own)
      observer.see(sealed.update, digest)
      overlay.setChannel({ ...held, party: sealed.party })
      effects.push({ kind: 'send', message: { kind: 'update', ...sealed.update } })
    }
    overlay.applyTo(this.state)
    if (isCut) this.close()
    for (const effect of effects) {
      if (effect.kind === 'send' && !isCut) this.#world.say(this, effect.message)
    }
    return undefined
  }

  /** The process ends: a request to resume does not outlive it. */
  close(): void {
    this.inbox = []
    this.isAttached = false
    this.#world.left(this)
    if (this.party.resuming !== undefined)
      this.does({ kind: 'stateLost', channel: this.channel, by: 'hub' })
  }

  attach(): void {
    this.inbox = []
    this.#world.attach(this)
  }

  hear(isCut: boolean): void {
    const message = this.inbox.shift()
    if (message === undefined) return
    const isLost = this.party.resuming !== undefined
    if (message.kind === 'resumeAnswer') {
      const { channel, answer } = message
      const refused = this.does({ kind: 'resumeAnswered', channel, answer, reveals: [] }, isCut)
      if (refused === undefined && !isCut) this.attach()
    } else if (message.kind === 'error') {
      if (message.code === 'peer_lost_data' || message.code === 'resume_used') this.#lose()
    } else if (!isLost) {
      const refused = this.does({ kind: 'heard', message }, isCut)
      if (refused?.code === 'peer_is_ahead') this.#lose()
      else if (refused !== undefined && refused.code !== 'resume_too_soon') this.close()
      else if (message.kind === 'attached') this.isAttached = refused === undefined && !isCut
    }
  }

  #lose(): void {
    this.does({ kind: 'stateLost', channel: this.channel, by: 'hub' })
    this.attach()
  }

  /** Another device has taken the channel over. */
  taken(): void {
    this.inbox = []
    this.isAttached = false
    this.does({ kind: 'stateLost', channel: this.channel, by: 'hub' })
  }
}

class Devices {
  readonly hub = new HubWorld([{}, {}])
  readonly client: TestClient
  readonly shop: TestClient
  readonly observer = new Observer()
  readonly devices: Device[]
  readonly dice: Dice
  #holder: Device | undefined
  #names = 0

  constructor(dice: Dice) {
    this.dice = dice
    const [client, shop] = this.hub.clients
    assert.ok(client !== undefined && shop !== undefined)
    this.client = client
    this.shop = shop
    // From here on the devices are the client, and hear what the hub says to it.
    this.hub.clients.shift()
    this.devices = Array.from({ length: DEVICES }, (_, i) => new Device(this, i === 0))
  }

  left(device: Device): void {
    if (this.#holder === device) this.#holder = undefined
  }

  attach(device: Device): void {
    const before = this.#holder
    this.#holder = device
    // A device that is away is not told, and has to see it by the positions.
    if (before !== undefined && before !== device && this.dice.chance(70)) before.taken()
    const position = positionOf(device.party)
    this.#carry(this.hub.peer({ kind: 'attached', owner: this.client.identity, position }))
  }

  say(device: Device, message: Message): void {
    if (this.#holder !== device || this.dice.chance(20)) return
    if (message.kind === 'update') {
      const { kind, ...update } = message
      this.#carry(this.hub.peer({ kind, update }))
    } else if (message.kind === 'stored') {
      this.#carry(this.hub.peer(message))
    } else if (message.kind === 'decline') {
      const { kind, ...decline } = message
      this.#carry(this.hub.peer({ kind, decline }))
    } else if (message.kind === 'resumeAnswer') {
      const { channel, answer } = message
      const answered = { kind: 'resumeAnswered', channel, answer, reveals: [] } as const
      this.#carry(this.hub.peer(answered))
    }
  }

  #carry(effects: ReturnType<HubWorld['peer']>): void {
    for (const effect of effects) {
      if (effect.channel !== this.client.channel) continue
      if (effect.kind === 'send') this.#holder?.inbox.push(effect.message)
      if (effect.kind === 'endSession') this.#holder?.close()
    }
  }

  step(): void {
    const { dice } = this
    // A turn lasts for a while: to take one over takes both sides a few messages.
    const device =
      this.#holder !== undefined && dice.chance(80) ? this.#holder : dice.pick(this.devices)
    const roll = dice.roll(100)
    if (dice.chance(20)) this.hub.now = timestamp(this.hub.now + 1)
    if (roll < 50) device.hear(dice.chance(10))
    else if (roll < 65) device.attach()
    else if (roll < 67) device.close()
    else if (roll < 85 && device.isAttached) this.#pay(device, dice.chance(10))
    else if (roll < 95) this.#settle()
  }

  #pay(device: Device, isCut: boolean): void {
    const name = ++this.#names % 255 || 1
    const payment = pendingPayment({
      ...{ id: itemId(this.#names), channel: device.channel, payee: this.shop.identity },
      ...{ anchor: anchorFor(name), amount: 20n as Amount, fee: 11n as Amount },
      time: this.hub.now,
    })
    device.does({ kind: 'pay', payment, expiry: at(600), sale: undefined }, isCut)
  }

  /** The shop gives up what it was promised, so that there is always room. */
  #settle(): void {
    if (this.shop.party.peer.items.length === 0) return
    this.hub.decline(this.shop)
    this.hub.update(this.shop)
  }
}

describe('CH-18 devices with the same words', () => {
  let epochs = 0
  for (const seed of seeds(RUNS)) {
    test(`INV-16 never sign two contents for one version of one epoch, seed ${seed}`, () => {
      const world = new Devices(new Dice(seed))
      for (let step = 0; step < STEPS; step++) world.step()
      epochs += world.observer.epochs.size
    })
  }

  test('the runs are worth something: devices took turns', () => {
    assert.ok(epochs > 2 * RUNS, `${epochs} epochs`)
  })
})
