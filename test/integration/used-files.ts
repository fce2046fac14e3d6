import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  createMnemonic,
  deriveKeys,
  keyLock,
  type LockRoot,
  lockRoot,
  type Mnemonic,
  seedFromMnemonic,
  toHex,
} from '@tallystick/protocol'
import { WalletProcess } from '#scripts/crash/wallet-process.js'
import { commandJson } from '#scripts/network/local-network.js'
import { temporaryFolder } from '../settlement/data-folder.js'
import { ONE } from './test-network.js'

const SCRIPTS = {
  ledger: new URL('../../../settlement/dist/command/ledger.js', import.meta.url),
  hub: new URL('../../../hub/dist/command/hub.js', import.meta.url),
  tower: new URL('../../../watchtower/dist/command/watchtower.js', import.meta.url),
  wallet: new URL('../../../wallet/dist/command/wallet.js', import.meta.url),
} as const
export type Kind = keyof typeof SCRIPTS

/** What a process says first, as JSON. */
type FirstWord = {
  readonly url?: string
  readonly error?: { readonly code: string }
} & Readonly<Record<string, unknown>>

/** A command as a process of its own. */
export type Started = {
  readonly said: FirstWord
  readonly child: ChildProcess
  /** Power off. */
  kill(): Promise<void>
}

/** Spawns a command whose files may grow to so many blocks of 512 bytes; absent: as long as they like. */
export function spawnKind(kind: Kind, args: readonly string[], fileBlocksMax?: number) {
  const limit = `trap '' XFSZ; ulimit -f ${fileBlocksMax ?? 'unlimited'}; exec "$0" "$@"`
  const command = [process.execPath, fileURLToPath(SCRIPTS[kind]), ...args, '--json']
  return spawn('sh', ['-c', limit, ...command], { stdio: ['ignore', 'pipe', 'ignore'] })
}

/** Starts a command, and waits until it serves or says why not. */
export async function startKind(
  kind: Kind,
  args: readonly string[],
  { fileBlocksMax }: { readonly fileBlocksMax?: number } = {},
): Promise<Started> {
  const child = spawnKind(kind, args, fileBlocksMax)
  const line = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout })
      .once('line', resolve)
      .once('close', () => resolve('{}'))
  })
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  return { said: JSON.parse(line), child, kill }
}

/** A ledger, a hub, a watchtower and two wallets, whose files a test may look at and spoil. */
export class UsedFiles {
  readonly dir: string
  readonly #copies: string
  readonly #words: Readonly<Record<'alice' | 'bob', Mnemonic>>
  #servers: readonly Started[] = []
  #wallets: readonly WalletProcess[] = []
  #payments = 0
  ledgerUrl = ''

  constructor(context: TestContext) {
    this.#copies = temporaryFolder(context)
    this.dir = temporaryFolder(context)
    const words = () => createMnemonic(crypto.getRandomValues(new Uint8Array(32)))
    this.#words = { alice: words(), bob: words() }
    for (const name of ['alice', 'bob'] as const) {
      writeFileSync(join(this.dir, `${name}.keys`), `${this.#words[name]}\n`, { mode: 0o600 })
    }
    const init = (kind: 'hub' | 'tower') =>
      commandJson(SCRIPTS[kind], ['init', '--data', join(this.dir, kind)]) as {
        readonly payout_lock: LockRoot
      }
    init('tower')
    const locks = [init('hub').payout_lock, this.#lockOf('alice'), this.#lockOf('bob')]
    commandJson(SCRIPTS.ledger, [
      ...['init', '--data', join(this.dir, 'ledger'), '--asset', 'GBP:6:1000'],
      ...['--dispute-window-min', '1'],
      ...locks.flatMap((lock) => ['--allocate', `${lock}:0:${1_000n * ONE}`]),
    ])
    context.after(() => this.kill())
  }

  /** Arguments that start a kind over the files in `dir`; a wallet shows its backup, and ends. */
  argsOf(kind: Kind, dir: string): readonly string[] {
    const run = ['run', '--data', join(dir, kind), '--port', '0']
    const ledger = ['--ledger', this.ledgerUrl]
    switch (kind) {
      case 'ledger':
        return [...run, '--block-interval-ms', '50']
      case 'hub':
        return [...run, ...ledger, '--dispute-window', '3', '--gather-ms', '20']
      case 'tower':
        return [...run, ...ledger]
      case 'wallet': {
        const place = ['--keys', join(dir, 'alice.keys'), '--store', join(dir, 'alice.db')]
        return ['backup', ...place, ...ledger, '--out', join(dir, 'backup'), '--replace']
      }
    }
  }

  async startLedger(): Promise<void> {
    const ledger = await startKind('ledger', this.argsOf('ledger', this.dir))
    this.#servers = [...this.#servers, ledger]
    this.ledgerUrl = ledger.said.url ?? ''
  }

  /** Starts all that does not run; only the tower's files may be bounded. */
  async start(limit: { readonly fileBlocksMax?: number } = {}): Promise<Started> {
    const hub = await startKind('hub', this.argsOf('hub', this.dir))
    const tower = await startKind('tower', this.argsOf('tower', this.dir), limit)
    this.#servers = [...this.#servers, hub, tower]
    const session = ({ said }: Started) => `${said.url?.replace('http', 'ws')}/v1/session`
    this.#wallets = (['alice', 'bob'] as const).map((name) => {
      return new WalletProcess({
        ...{ name, file: join(this.dir, `${name}.db`), ledgerUrl: this.ledgerUrl },
        ...{ hubUrl: session(hub), towerUrl: session(tower) },
        seed: toHex(this.seedOf(name)),
        onProblem: () => undefined,
      })
    })
    return tower
  }

  wallet(place: 0 | 1): WalletProcess {
    const wallet = this.#wallets[place]
    if (wallet === undefined) throw new Error('the wallets were not started')
    return wallet
  }

  /** Alice opens one more channel. */
  async open(): Promise<void> {
    const { ever } = await this.wallet(0).ask({ kind: 'channels', funder: 'wallet' })
    const wish = { funder: 'wallet', amount: String(100n * ONE), ever: Number(ever) + 1 } as const
    await this.wallet(0).ask({ kind: 'open', ...wish })
  }

  /** Alice pays bob as often. */
  async pay(times: number): Promise<void> {
    const [alice, bob] = [this.wallet(0), this.wallet(1)]
    for (let time = 0; time < times; time++) {
      const { text = '' } = await bob.ask({ kind: 'invoice', value: String(ONE) })
      await alice.ask({ kind: 'pay', text: String(text), key: `payment ${this.#payments++}` })
    }
  }

  /** Power off everywhere. */
  async kill(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.kill()))
    await Promise.all(this.#wallets.map((wallet) => wallet.stop()))
    this.#servers = []
    this.#wallets = []
  }

  /** A copy of all files as they are at this moment, or of a copy of them. */
  copy(name: string, from = this.dir): string {
    const copy = join(this.#copies, name)
    rmSync(copy, { recursive: true, force: true })
    cpSync(from, copy, { recursive: true })
    return copy
  }

  seedOf(name: 'alice' | 'bob'): Uint8Array {
    return seedFromMnemonic(this.#words[name], '')
  }

  #lockOf(name: 'alice' | 'bob'): LockRoot {
    const keys = deriveKeys(this.seedOf(name))
    return lockRoot(keyLock(keys.payout(0).publicKey))
  }
}
