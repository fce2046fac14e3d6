import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import type { IlpAccount } from './ilp-client.js'
import type { InstalledPeer } from './installed-peer.js'
import type { PeerBalances, PeerHub } from './peer-client.js'

const ADDRESS = 'test.hub'
const SECRET = 'load'
/** What it keeps of every payment: 11 go in and 10 go out, as through our own hub (it rounds down). */
const SPREAD = 0.05
/** Its own bound is 10,000 packets a minute, which would be all that it measures. */
const PACKETS_PER_MINUTE = 1_000_000_000
/** How far an account may be in debt to the hub, and the hub to it, base units. */
const CREDIT = 1_000_000_000
/** Milliseconds between two looks at whether it serves, and until that is given up. */
const LOOK_MS = 20
const READY_MS_MAX = 30_000

/**
 * The reference connector of Interledger.js as an operator starts it: a process of its own, settings in
 * its environment, an account, a port and a balance for every client. It keeps its defaults but for its
 * rate limit.
 */
export class IlpConnectorHub implements PeerHub {
  readonly accounts: readonly IlpAccount[]
  readonly #process: ChildProcess
  readonly #adminUrl: string
  readonly #logFile: string

  private constructor(
    child: ChildProcess,
    accounts: readonly IlpAccount[],
    { adminUrl, logFile }: { readonly adminUrl: string; readonly logFile: string },
  ) {
    this.#process = child
    this.accounts = accounts
    this.#adminUrl = adminUrl
    this.#logFile = logFile
  }

  /** Starts one with so many accounts; it serves when all of them have a client. */
  static async start(
    { dir }: InstalledPeer,
    logFile: string,
    accountCount: number,
  ): Promise<IlpConnectorHub> {
    const [adminPort = 0, ...ports] = await freePorts(accountCount + 1)
    const account = (port: number) => ({
      ...{ relation: 'child', plugin: 'ilp-plugin-btp', assetCode: 'GBP', assetScale: 6 },
      balance: { maximum: `${CREDIT}`, minimum: `-${CREDIT}` },
      rateLimit: { capacity: PACKETS_PER_MINUTE, refillCount: PACKETS_PER_MINUTE },
      options: { listener: { port, secret: SECRET } },
    })
    const log = openSync(logFile, 'a')
    const child = spawn(
      process.execPath,
      [join(dir, 'node_modules', 'ilp-connector', 'dist', 'index.js')],
      {
        cwd: dir,
        stdio: ['ignore', log, log],
        env: {
          ...process.env,
          NODE_ENV: 'production',
          CONNECTOR_ILP_ADDRESS: ADDRESS,
          CONNECTOR_ACCOUNTS: JSON.stringify(
            Object.fromEntries(ports.map((port, i) => [nameOf(i), account(port)])),
          ),
          CONNECTOR_BACKEND: 'one-to-one',
          CONNECTOR_SPREAD: String(SPREAD),
          CONNECTOR_ADMIN_API: 'true',
          CONNECTOR_ADMIN_API_PORT: String(adminPort),
        },
      },
    )
    closeSync(log)
    const accounts = ports.map((port, i) => ({
      kind: 'ilp' as const,
      url: `ws://127.0.0.1:${port}/`,
      secret: SECRET,
      address: `${ADDRESS}.${nameOf(i)}`,
    }))
    const adminUrl = `http://127.0.0.1:${adminPort}`
    return new IlpConnectorHub(child, accounts, { adminUrl, logFile })
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  async isReady(): Promise<void> {
    const giveUp = performance.now() + READY_MS_MAX
    const log = () => readFileSync(this.#logFile, 'utf8')
    while (!log().includes('connector ready')) {
      if (this.#hasEnded || performance.now() > giveUp) throw new Error(log())
      await pause(LOOK_MS)
    }
  }

  async balances(): Promise<PeerBalances> {
    const response = await fetch(`${this.#adminUrl}/balance`)
    const { accounts } = (await response.json()) as {
      readonly accounts: Readonly<Record<string, { readonly balance: string }>>
    }
    return new Map(
      Object.entries(accounts).map(([name, { balance }]) => [
        `${ADDRESS}.${name}`,
        BigInt(balance),
      ]),
    )
  }

  async stop(): Promise<void> {
    if (this.#hasEnded) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
  }

  get #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }
}

function nameOf(account: number): string {
  return `client-${account}`
}

/** Ports that nobody uses now: a connector cannot be told to take any. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
