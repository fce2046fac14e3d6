import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { StoreFault } from '@tallystick/client-sdk'
import {
  BACKUP_HUB_BYTES_MAX,
  type PublicKey,
  type Signer,
  sha256,
  signBackupFetch,
  signBackupUpload,
  type Timestamp,
  toHex,
} from '@tallystick/protocol'
import { serveHub } from '#hub/api/hub-server.js'
import { BackupDesk } from '#hub/backup/backup-desk.js'
import { BACKUP_RATE, BACKUPS_UNOWNED_MAX } from '#hub/limits.js'
import { openBackupRows } from '#hub/store/backup-rows.js'
import {
  at,
  CHAIN,
  NOW,
  OTHER_CHAIN,
  SIGNERS,
  testChannel,
  testSigner,
} from '../protocol/test-channel.js'
import { tamper, temporaryFolder } from '../settlement/data-folder.js'
import { NO_PAYMENTS } from './serve-sockets.js'

const HUB = SIGNERS.hub.publicKey
const ALICE = testSigner(10)
const BOB = testSigner(11)
const CAROL = testSigner(12)

const channelOf = (number: number) => testChannel({ number }).id

/** A hub that keeps backups on disk, and what it is asked for. */
class BackupHub {
  readonly path: string
  readonly faults: unknown[] = []
  readonly channels = new Map([ALICE, BOB].map(({ publicKey }, i) => [publicKey, channelOf(i + 1)]))
  nowMs = 0
  #server: Awaited<ReturnType<typeof serveHub>> | undefined
  #desk: BackupDesk | undefined

  constructor(t: TestContext) {
    this.path = join(temporaryFolder(t), 'backups.db')
    t.after(() => this.stop())
  }

  async start(): Promise<void> {
    this.#desk = await BackupDesk.open({
      rows: await openBackupRows(this.path, CHAIN),
      channelOf: (identity) => this.channels.get(identity),
      clock: { nowMs: () => this.nowMs, after: () => () => undefined },
      onFault: (fault) => this.faults.push(fault),
    })
    this.#server = await serveHub({
      ...{ host: '127.0.0.1', port: 0, trustedProxies: 0, admits: () => false },
      onSocket: () => assert.fail('nobody is admitted'),
      information: {
        notReadyFor: () => undefined,
        describe: () => ({}),
        statistics: async () => ({}),
      },
      payments: NO_PAYMENTS,
      backups: { desk: this.#desk, chainId: CHAIN, hub: HUB, now: () => NOW },
    })
  }

  async stop(): Promise<void> {
    await this.#server?.close()
    await this.#desk?.close()
    this.#server = undefined
    this.#desk = undefined
    assert.deepEqual(this.faults.splice(0), [])
  }

  get desk(): BackupDesk {
    return this.#desk ?? assert.fail('the hub runs')
  }

  /** Status and code of the answer to an upload, which is right but for what is given. */
  async put(
    owner: Signer,
    version: number,
    body: Uint8Array,
    given: {
      readonly signer?: Signer
      readonly chain?: typeof CHAIN
      readonly hub?: PublicKey
      readonly signedVersion?: number
      readonly sent?: Uint8Array
      readonly type?: string
    } = {},
  ): Promise<readonly [number, unknown]> {
    const { signer = owner, chain = CHAIN, hub = HUB, signedVersion = version } = given
    const digest = sha256(body)
    const signature = signBackupUpload(chain, { hub, version: signedVersion, digest }, signer)
    const query = `version=${version}&digest=${toHex(digest)}`
    this.nowMs += 1_000
    return this.#ask(`${owner.publicKey}?${query}`, signature, {
      method: 'PUT',
      headers: { 'content-type': given.type ?? 'application/octet-stream' },
      body: given.sent ?? body,
    })
  }

  async get(owner: Signer, time: Timestamp = NOW, signer = owner) {
    const signature = signBackupFetch(CHAIN, { hub: HUB, time }, signer)
    this.nowMs += 1_000
    return this.#ask(`${owner.publicKey}?time=${time}`, signature, {})
  }

  async #ask(path: string, signature: Uint8Array, init: RequestInit) {
    const authorization = `Tallystick ${toHex(signature)}`
    const url = `${this.#server?.url}/v1/backups/${path}`
    const response = await fetch(url, { ...init, headers: { ...init.headers, authorization } })
    if (response.headers.get('content-type') === 'application/octet-stream') {
      return [response.status, new Uint8Array(await response.arrayBuffer())] as const
    }
    const { code, version } = (await response.json()) as Record<string, unknown>
    return [response.status, code ?? version] as const
  }
}

async function startHub(t: TestContext): Promise<BackupHub> {
  const hub = new BackupHub(t)
  await hub.start()
  return hub
}

const bytes = (byte: number, length = 4_000) => new Uint8Array(length).fill(byte)

test('INV-42 JRN-3 a damaged backup is not given to anybody, and ends the hub', async (t) => {
  const hub = await startHub(t)
  assert.deepEqual(await hub.put(ALICE, 1, bytes(1)), [200, 1])
  await hub.stop()
  await tamper(hub.path, 'UPDATE backup_bytes SET sealed = zeroblob(4000)')
  await hub.start()
  assert.deepEqual(await hub.get(ALICE), [500, 'internal_error'])
  const [fault, ...others] = hub.faults.splice(0)
  assert.ok(fault instanceof StoreFault && others.length === 0)
  assert.match(`${fault.code}: ${fault.message}`, /^store_corrupt: .*backup_bytes.*remove the file/)
})

describe('BAK-5 a hub keeps the backup of a client', () => {
  test('and gives the newest back, also after a restart', async (t) => {
    const hub = await startHub(t)
    assert.deepEqual(await hub.put(ALICE, 1, bytes(1)), [200, 1])
    assert.deepEqual(await hub.put(ALICE, 7, bytes(2)), [200, 7])
    await hub.stop()
    await hub.start()
    assert.deepEqual(await hub.get(ALICE), [200, bytes(2)])
    assert.deepEqual(await hub.get(BOB), [404, 'backup_missing'])
  })

  test('of versions that only rise; the same one again changes nothing', async (t) => {
    const hub = await startHub(t)
    assert.deepEqual(await hub.put(ALICE, 5, bytes(1)), [200, 5])
    assert.deepEqual(await hub.put(ALICE, 5, bytes(1)), [200, 5])
    assert.deepEqual(await hub.put(ALICE, 5, bytes(2)), [409, 'backup_version_falls'])
    assert.deepEqual(await hub.put(ALICE, 4, bytes(1)), [409, 'backup_version_falls'])
    await hub.stop()
    await hub.start()
    assert.deepEqual(await hub.put(ALICE, 4, bytes(1)), [409, 'backup_version_falls'])
    assert.deepEqual(await hub.get(ALICE), [200, bytes(1)])
  })

  test('INV-20 only with its signature for this chain, hub, version and content', async (t) => {
    const hub = await startHub(t)
    const refused = [403, 'bad_backup_signature']
    assert.deepEqual(await hub.put(ALICE, 1, bytes(1), { signer: BOB }), refused)
    assert.deepEqual(await hub.put(ALICE, 1, bytes(1), { chain: OTHER_CHAIN }), refused)
    assert.deepEqual(await hub.put(ALICE, 1, bytes(1), { hub: BOB.publicKey }), refused)
    assert.deepEqual(await hub.put(ALICE, 2, bytes(1), { signedVersion: 1 }), refused)
    assert.deepEqual(await hub.put(ALICE, 1, bytes(1), { sent: bytes(2) }), [
      400,
      'backup_mismatch',
    ])
    assert.deepEqual(await hub.get(ALICE), [404, 'backup_missing'])
  })

  test('if it has a channel with the hub', async (t) => {
    const hub = await startHub(t)
    assert.deepEqual(await hub.put(testSigner(12), 1, bytes(1)), [403, 'backup_unserved'])
  })

  test('of a bounded size and form, which is looked at before a body is read', async (t) => {
    const hub = await startHub(t)
    const most = bytes(1, BACKUP_HUB_BYTES_MAX)
    assert.deepEqual(await hub.put(ALICE, 1, most), [200, 1])
    assert.deepEqual(await hub.get(ALICE), [200, most])
    const larger = bytes(1, BACKUP_HUB_BYTES_MAX + 1)
    assert.deepEqual(await hub.put(ALICE, 2, larger), [413, 'backup_too_large'])
    const text = await hub.put(ALICE, 2, bytes(1), { type: 'text/plain' })
    assert.deepEqual(text, [415, 'unsupported_media_type'])
    assert.deepEqual(await hub.put(ALICE, 0, bytes(1), { signedVersion: 1 }), [400, 'bad_request'])
  })

  test('INV-45 not more often than it can bear, and not for names without a channel for ever', async (t) => {
    const hub = await startHub(t)
    const { desk } = hub
    let begun = 0
    for (;;) {
      const outcome = desk.begin(ALICE.publicKey)
      if (!('end' in outcome)) {
        assert.equal(outcome.code, 'too_many_requests')
        break
      }
      outcome.end()
      begun++
    }
    assert.equal(begun, BACKUP_RATE.burst)
    // Another client has a rate of its own, and one request at a time.
    const other = desk.begin(BOB.publicKey)
    assert.ok('end' in other)
    const second = desk.begin(BOB.publicKey)
    assert.equal('code' in second && second.code, 'too_many_requests')
    // A channel that is attached under a new name is no new client.
    hub.channels.set(CAROL.publicKey, channelOf(1))
    const renamed = desk.begin(CAROL.publicKey)
    assert.equal('code' in renamed && renamed.code, 'too_many_requests')
    hub.channels.delete(CAROL.publicKey)
    hub.nowMs += 1_000
    assert.ok('end' in desk.begin(ALICE.publicKey))

    const keep = (i: number) => {
      const identity = i.toString(16).padStart(64, '0') as PublicKey
      return desk.keep({ identity, version: 1, digest: bytes(1, 32), sealed: bytes(1, 8) })
    }
    await Promise.all(Array.from({ length: BACKUPS_UNOWNED_MAX }, (_, i) => keep(i)))
    assert.ok(desk.holds('0'.repeat(64) as PublicKey))
    await keep(BACKUPS_UNOWNED_MAX)
    assert.ok(!desk.holds('0'.repeat(64) as PublicKey))
  })

  test('INV-42 in a file that is refused by name when it is of another chain', async (t) => {
    const hub = await startHub(t)
    await hub.put(ALICE, 1, bytes(1))
    await hub.stop()
    const code = 'store_of_another_chain'
    await assert.rejects(openBackupRows(hub.path, OTHER_CHAIN), { name: 'StoreFault', code })
  })
})

describe('BAK-6 a hub gives a backup', () => {
  test('to who shows a fresh signature of its owner', async (t) => {
    const hub = await startHub(t)
    await hub.put(ALICE, 1, bytes(1))
    assert.deepEqual(await hub.get(ALICE, NOW, BOB), [403, 'bad_backup_signature'])
    assert.deepEqual(await hub.get(ALICE, at(-121)), [403, 'backup_request_stale'])
    assert.deepEqual(await hub.get(ALICE, at(121)), [403, 'backup_request_stale'])
    assert.deepEqual(await hub.get(ALICE, at(-120)), [200, bytes(1)])
    assert.deepEqual(await hub.get(ALICE, at(120)), [200, bytes(1)])
  })

  test('also when its owner has no channel any more', async (t) => {
    const hub = await startHub(t)
    await hub.put(ALICE, 1, bytes(1))
    hub.channels.delete(ALICE.publicKey)
    assert.deepEqual(await hub.get(ALICE), [200, bytes(1)])
  })
})
