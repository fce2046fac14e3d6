import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { signerFromSeed, verifySignature } from '@tallystick/protocol'
import { openDatabase } from '#client-sdk/node/sqlite-database.js'
import { WireSocket } from './wire-socket.js'

/** What this machine can do of what a payment needs at the least, when it does nothing else. */
export type MachineCeiling = {
  /** Strict Ed25519 verifications by the native library, on one core. */
  readonly verificationsPerSecond: number
  /** Processor time of one of them, microseconds: what others do on the machine counts less. */
  readonly verificationMicroseconds: number
  /** What either side of a handshake cannot do without, on one core: one verification, and one signature. */
  readonly handshakesPerSecond: number
  /** SQLite transactions of one row, each synced to disk before the next. */
  readonly syncedCommitsPerSecond: number
  /** Messages of 256 bytes to a server and back, over sockets that each wait for their answer. */
  readonly echoMessagesPerSecond: number
}

const ECHO = fileURLToPath(new URL('echo-process.js', import.meta.url))
const ECHO_SOCKETS = 256
const ECHO_BYTES = 256
const ROW_BYTES = 1_024

/** Measures each for so long. */
export async function machineCeiling(milliseconds: number): Promise<MachineCeiling> {
  return {
    ...verifications(milliseconds),
    handshakesPerSecond: handshakesPerSecond(milliseconds),
    syncedCommitsPerSecond: await syncedCommitsPerSecond(milliseconds),
    echoMessagesPerSecond: await echoMessagesPerSecond(milliseconds),
  }
}

function verifications(milliseconds: number) {
  const signer = signerFromSeed(new Uint8Array(32).fill(0x14))
  const message = new Uint8Array(32).fill(1)
  const signature = signer.sign(message)
  const [used, started] = [process.cpuUsage(), performance.now()]
  let count = 0
  for (; performance.now() - started < milliseconds; count++) {
    if (!verifySignature(signer.publicKey, message, signature)) throw new Error('a good signature')
  }
  const { user, system } = process.cpuUsage(used)
  return {
    verificationsPerSecond: (1_000 * count) / (performance.now() - started),
    verificationMicroseconds: (user + system) / count,
  }
}

function handshakesPerSecond(milliseconds: number): number {
  const signer = signerFromSeed(new Uint8Array(32).fill(0x15))
  const nonce = new Uint8Array(32)
  let heard = signer.sign(nonce)
  const started = performance.now()
  let count = 0
  for (; performance.now() - started < milliseconds; count++) {
    if (!verifySignature(signer.publicKey, nonce, heard)) throw new Error('a good signature')
    nonce[count % nonce.length] = count
    heard = signer.sign(nonce)
  }
  return (1_000 * count) / (performance.now() - started)
}

async function syncedCommitsPerSecond(milliseconds: number): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-ceiling-'))
  try {
    const database = await openDatabase(join(dir, 'ceiling.db'))
    await database.transaction(({ run }) =>
      run('CREATE TABLE row (id INTEGER PRIMARY KEY, a BLOB)'),
    )
    const row = new Uint8Array(ROW_BYTES)
    const started = performance.now()
    let count = 0
    for (; performance.now() - started < milliseconds; count++) {
      await database.transaction(({ run }) => run('INSERT INTO row (a) VALUES (?)', [row]))
    }
    const elapsed = performance.now() - started
    await database.close()
    return (1_000 * count) / elapsed
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function echoMessagesPerSecond(milliseconds: number): Promise<number> {
  const server = fork(ECHO)
  const [port] = (await once(server, 'message')) as [number]
  const message = new Uint8Array(ECHO_BYTES)
  let count = 0
  const sockets: WireSocket[] = []
  // Of many at once some take long to connect where other work is heavy.
  const areOpen = Array.from(
    { length: ECHO_SOCKETS },
    () =>
      new Promise<void>((onOpen, onRefused) => {
        const socket: WireSocket = new WireSocket(`ws://127.0.0.1:${port}/`, {
          onOpen: () => {
            socket.send(message)
            onOpen()
          },
          onMessage: () => {
            count++
            socket.send(message)
          },
          onClose: (why) => onRefused(new Error(why)),
        })
        sockets.push(socket)
      }),
  )
  await Promise.all(areOpen)
  await pause(milliseconds / 4)
  count = 0
  const started = performance.now()
  await pause(milliseconds)
  const perSecond = (1_000 * count) / (performance.now() - started)
  for (const socket of sockets) socket.destroy()
  server.kill()
  return perSecond
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
