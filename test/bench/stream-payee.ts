import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '@tallystick/client-sdk/node'
import {
  amount,
  type Channel,
  type ChannelParty,
  confirmStored,
  decodeTrusted,
  draftChange,
  draftDigest,
  encode,
  hasDraft,
  type ItemId,
  invariant,
  isRejection,
  type Message,
  messageCodec,
  newParty,
  receiveClaim,
  receiveUpdate,
  seal,
  signEvidence,
} from '@tallystick/protocol'
import { PROCESS_CLOCK } from '#client-sdk/clock.js'
import { REDEEM_POLICY } from '#client-sdk/stream/redeem-policy.js'
import { StreamDesk } from '#client-sdk/stream/stream-desk.js'
import { TickChain } from '#client-sdk/stream/tick-chain.js'
import { WalletLoop } from '#client-sdk/wallet/wallet-loop.js'
import { WalletState } from '#client-sdk/wallet/wallet-state.js'
import { CHAIN, NOW, SIGNERS, testChannel } from '../protocol/test-channel.js'
import { progress } from './benchmark.js'

/*
 * A payee of streams as any wallet is one: its own loop over a SQLite file, synced, and a hub that pays, in a process
 * of its own. The benchmark that opens it is started anew with `--hub` and has to call `actAsHub` then.
 */

const channel: Channel = testChannel({ hub: 2n ** 40n, terms: { itemsMax: 64 } })
const expiry = (NOW + 900) as typeof NOW

/** The chain of stream number `stream`, the same in every process. */
export function chainOf(stream: number, ticks: number): TickChain {
  return new TickChain(new Uint8Array(32).fill(stream + 1), ticks)
}

export type StreamCount = { readonly streams: number; readonly ticks: number }

/** The hub's end of the channel: promises the streams, and pays what is claimed. */
export function actAsHub({ streams, ticks }: StreamCount): void {
  const chains = Array.from({ length: streams }, (_, i) => chainOf(i, ticks))
  let party: ChannelParty = newParty('hub', channel)
  const say = () => {
    if (!hasDraft(party)) return
    const [evidence] = signEvidence(CHAIN, SIGNERS.hub, [draftDigest(CHAIN, party)])
    invariant(evidence !== undefined, 'one digest has one signature')
    const sealed = seal(party, evidence)
    party = sealed.party
    process.send?.(encode(messageCodec, { kind: 'update', ...sealed.update }))
  }
  for (const [i, { anchor }] of chains.entries()) {
    const id = i.toString(16).padStart(32, '0') as ItemId
    const terms = { id, anchor, unit: amount(1n), ticks, expiry, forward: undefined }
    const drafted = draftChange(party, { kind: 'add', ...terms }, NOW)
    invariant(!isRejection(drafted), 'the hub has room for the streams')
    party = drafted as ChannelParty
  }
  say()
  process.on('message', (bytes: readonly Uint8Array[]) => {
    for (const each of bytes) {
      const message = decodeTrusted(messageCodec, each)
      if (message.kind === 'stored') party = confirmStored(party, message.version)
      if (message.kind === 'update') {
        const { kind: _, ...update } = message
        const received = receiveUpdate(CHAIN, party, update, NOW)
        if (received.kind === 'received') party = received.party
      }
      if (message.kind !== 'claim') continue
      const claimed = receiveClaim(party, message, NOW)
      if (claimed.kind === 'claimed') party = claimed.party
    }
    say()
  })
}

/** A payee to whom the hub has promised `streams` streams of `ticks` ticks, one base unit each. */
export async function openPayee({ streams }: StreamCount, hubArguments: readonly string[] = []) {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-stream-'))
  const hub = fork(process.argv[1] ?? '', ['--hub', ...hubArguments], { serialization: 'advanced' })
  const stores = await openSqliteStore(join(dir, 'payee.db'))
  const saved = stores.wallet('payee')
  let commits = 0
  const paid = new Map<string, number>()
  const said: Uint8Array[] = []
  let tell = () => {}
  const state = new WalletState()
  const loop = new WalletLoop({
    state,
    store: {
      ...saved,
      commit: (writes) => {
        commits++
        return saved.commit(writes)
      },
    },
    context: () => ({
      ...{ chainId: CHAIN, now: NOW, signer: () => SIGNERS.client, nonce: new Uint8Array(16) },
      streams: { unitMin: amount(1n) },
    }),
    perform: (effect) => {
      if (effect.kind === 'send') say(effect.message)
      if (effect.kind !== 'streamChanged' || effect.stream.kind !== 'received') return
      const { stream } = effect
      paid.set(stream.anchor, stream.paid)
      if (stream.status === 'open') desk.learn(stream)
      tell()
    },
    onRefused: (_, { code }) => progress(`refused: ${code}`),
    onFault: (fault) => progress(String(fault)),
  })
  const say = (message: Message) => {
    // What one batch has to say goes out in one piece, as it does in a frame of a session.
    if (said.length === 0) queueMicrotask(() => hub.send(said.splice(0)))
    said.push(encode(messageCodec, message))
  }
  const desk = new StreamDesk({
    clock: PROCESS_CLOCK,
    now: () => NOW,
    redeem: async (redemptions) => {
      await loop.submit({ kind: 'redeemTicks', redemptions })
    },
    policy: { ...REDEEM_POLICY, amount: 2n ** 60n },
  })
  await loop.submit({ kind: 'channelSeen', channel, keyIndex: 0, books: 'whole' })
  hub.on('message', (bytes: Uint8Array) => {
    const message = decodeTrusted(messageCodec, bytes)
    loop.submit({ kind: 'heard', message }).catch((fault) => progress(String(fault)))
  })
  const until = async (holds: () => boolean) => {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        tell = resolve
      })
    }
  }
  await until(() => paid.size === streams)
  return {
    desk,
    commits: () => commits,
    /** Kept once the hub has paid `ticks` of each stream. */
    paidAll: (ticks: number) => until(() => [...paid.values()].every((each) => each === ticks)),
    paidInAll: () => [...paid.values()].reduce((sum, each) => sum + each, 0),
    close: async () => {
      desk.stop()
      hub.kill()
      await stores.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
