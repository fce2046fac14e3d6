import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { InstalledPeer } from './installed-peer.js'
import type { PeerBalances, PeerHub } from './peer-client.js'
import type { VectorAccount } from './vector-client.js'
import type { VectorHubSays } from './vector-hub-process.js'
import { vectorLibrary } from './vector-library.js'

const PROCESS = fileURLToPath(new URL('vector-hub-process.js', import.meta.url))

/** A hub on the protocol library of Connext Vector, with a channel for every client. */
export class VectorHub implements PeerHub {
  readonly accounts: readonly VectorAccount[]
  readonly #process: ChildProcess

  private constructor(child: ChildProcess, accounts: readonly VectorAccount[]) {
    this.#process = child
    this.accounts = accounts
  }

  /** Starts one that serves; a client's channel is opened when it connects. */
  static async start({ dir }: InstalledPeer, accountCount: number): Promise<VectorHub> {
    const child = fork(PROCESS, [dir, privateKeyOf('hub')], {
      serialization: 'advanced',
      env: { ...process.env, NODE_ENV: 'production' },
    })
    const { port, identifier } = await heard(child, 'serving')
    const { ChannelSigner } = vectorLibrary(dir)
    const accounts = Array.from({ length: accountCount }, (_, i) => {
      const privateKey = privateKeyOf(`client ${i}`)
      const { publicIdentifier } = new ChannelSigner(privateKey)
      return {
        kind: 'vector' as const,
        ...{ url: `ws://127.0.0.1:${port}/`, dir, privateKey, address: publicIdentifier },
        hub: identifier,
      }
    })
    return new VectorHub(child, accounts)
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** It serves since it began. */
  async isReady(): Promise<void> {}

  async balances(): Promise<PeerBalances> {
    const answer = heard(this.#process, 'balances')
    this.#process.send('balances')
    return (await answer).balances
  }

  async stop(): Promise<void> {
    const child = this.#process
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
}

function heard<K extends VectorHubSays['kind']>(
  child: ChildProcess,
  kind: K,
): Promise<Extract<VectorHubSays, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the hub on Vector ended'))
    child.once('exit', ended)
    child.once('message', (said: VectorHubSays) => {
      child.off('exit', ended)
      if (said.kind === kind) resolve(said as Extract<VectorHubSays, { kind: K }>)
      else reject(new Error(`the hub on Vector says ${said.kind}`))
    })
  })
}

function privateKeyOf(name: string): string {
  return `0x${createHash('sha256').update(name).digest('hex')}`
}
