import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fetchEntrusted, TowerSession } from '@tallystick/client-sdk'
import { openWallet, openWsSocket } from '@tallystick/client-sdk/node'
import { loadHubKeys } from '@tallystick/hub'
import {
  deriveKeys,
  type Entrusted,
  encodeTowerMessage,
  isRejection,
  parseTowerMessage,
  type Signer,
  signTowerRequest,
  type TowerMessage,
  timestamp,
} from '@tallystick/protocol'
import { WebSocket } from 'ws'
import { ONE, startTestNetwork } from './test-network.js'
import { openGuarded, startTower } from './tower-process.js'

/** What a tower answers to bytes that somebody sends once it has said hello, until it hangs up. */
async function say(
  url: string,
  bytes: (hello: Extract<TowerMessage, { kind: 'hello' }>) => Uint8Array | string,
): Promise<{ readonly heard: readonly TowerMessage[]; readonly closedWith: number }> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  const heard: TowerMessage[] = []
  socket.on('error', () => undefined)
  return new Promise((resolve) => {
    socket.on('message', (data: Buffer) => {
      const message = parseTowerMessage(new Uint8Array(data))
      assert.ok(!isRejection(message), 'the tower speaks the protocol')
      heard.push(message)
      if (message.kind === 'hello') socket.send(bytes(message))
      else socket.close()
    })
    socket.on('close', (closedWith) => resolve({ heard, closedWith }))
  })
}

describe('what owners and strangers can have of a watchtower', () => {
  test('TOWER-1 TOWER-2 TOWER-3 INV-20 INV-45 INV-49 only the owner, only forward, only so much', async (t) => {
    const network = await startTestNetwork(t, ['alice', 'bob'])
    const { wallet: alice } = await network.wallet('alice')
    await alice.openChannel({ deposit: 100n * ONE })
    const tower = await startTower(t, network, 'tower', ['--appointments-max', '1'])
    const { wallet: shop, close: closeShop } = await openGuarded(network, 'shop', [tower])
    t.after(closeShop)
    const sell = async () => {
      const sale = await shop.createInvoice({ value: ONE, description: 'tea' })
      await Promise.all([alice.pay(sale.text, { key: sale.text }), shop.paid(sale.anchor)])
    }
    await sell()
    const [held] = shop.channels()
    assert.ok(held !== undefined)
    const { ledger: channel } = held.party
    await shop.guarded(channel.id)
    const signer = deriveKeys(network.seedOf('shop')).channel(held.keyIndex)
    const { signer: hub } = await loadHubKeys(join(network.dir, 'hub'))
    const chainId = (await readChain(tower.url)) as never
    const address = { url: tower.sessionUrl, chainId, key: tower.key, openSocket: openWsSocket }
    const session = await TowerSession.open(address)
    const { policy } = session.hello
    const terms = {
      guardKey: tower.key,
      bounty: { ppm: policy.bountyPpmMin, payoutLock: policy.payoutLock },
      validUntil: timestamp(held.party.ledger.openedTime + 100_000),
    }
    const old = shop.entrust(channel.id, terms)
    await sell()
    await shop.guarded(channel.id)
    const newest = shop.entrust(channel.id, terms)

    // An old one is refused, by whoever it is said, and on whatever connection.
    const entrust = async (entrusted: Entrusted, by: Signer) => {
      const answer = await session.ask({ kind: 'entrust', entrusted }, by)
      return answer.kind === 'refused' ? answer.code : answer.kind
    }
    assert.equal(await entrust(old, signer), 'entrusted_older')
    assert.equal(await entrust(old, hub), 'bad_owner_signature')
    assert.equal(await entrust(newest, hub), 'bad_owner_signature')
    assert.equal(await entrust(newest, signer), 'kept')
    const action = { kind: 'entrust', entrusted: newest } as const
    const overheard = signTowerRequest(session.hello, 99, action, signer)
    const replayed = await say(tower.sessionUrl, () =>
      encodeTowerMessage({ kind: 'request', ...overheard }),
    )
    assert.deepEqual(
      replayed.heard.map((message) => (message.kind === 'refused' ? message.code : message.kind)),
      ['hello', 'bad_owner_signature'],
    )
    session.close()

    // The owner reads back what the tower has; nobody else learns that there is anything.
    const back = await fetchEntrusted(address, { channel, owner: 'client', signer })
    assert.deepEqual(back, newest)
    const spied = await fetchEntrusted(address, { channel, owner: 'client', signer: hub })
    assert.equal(spied, undefined)

    // There is room for one.
    const problems: string[] = []
    const { wallet: bob, close } = await openWallet({
      ...{ words: network.seedOf('bob'), file: join(network.dir, 'bob.db') },
      ...{ ledgerUrl: network.ledgerUrl, hubUrl: network.hubUrl },
      towers: [{ url: tower.sessionUrl }],
      onEvent: (notice) => notice.kind === 'problem' && problems.push(notice.code),
    })
    t.after(close)
    await bob.openChannel({ deposit: 10n * ONE })
    const [other] = bob.channels()
    assert.ok(other !== undefined)
    const bobSigner = deriveKeys(network.seedOf('bob')).channel(other.keyIndex)
    // Bob is paid, so that there is something to entrust.
    const sale = await bob.createInvoice({ value: ONE, description: 'a cake' })
    await Promise.all([alice.pay(sale.text, { key: sale.text }), bob.paid(sale.anchor)])
    const second = await TowerSession.open(address)
    const entrusted = bob.entrust(other.party.ledger.id, terms)
    const full = await second.ask({ kind: 'entrust', entrusted }, bobSigner)
    assert.equal(full.kind === 'refused' ? full.code : full.kind, 'tower_full')
    second.close()
    assert.equal(bob.guardedUpTo(other.party.ledger.id)[0]?.isNewest, false)
    assert.deepEqual(problems, [])

    // Whatever strangers say, they are told why and cut off, and the tower goes on.
    const once = encodeTowerMessage({ kind: 'request', ...overheard })
    const cases: readonly (readonly [number, Uint8Array | string])[] = [
      [1008, 'a text'],
      [1008, new Uint8Array([9, 9, 9])],
      [1008, new Uint8Array(0)],
      [1008, once.slice(0, -1)],
      [1009, new Uint8Array(12_289)],
    ]
    for (const [code, bytes] of cases) {
      assert.equal((await say(tower.sessionUrl, () => bytes)).closedWith, code)
    }
    const hello = await say(tower.sessionUrl, (said) => encodeTowerMessage(said))
    assert.equal(hello.closedWith, 1008)
    await sell()
    await shop.guarded(channel.id)
    for (const [path, status] of [
      ['/livez', 200],
      // Nobody gave it coins.
      ['/readyz', 503],
      ['/v1/tower', 200],
      ['/v1/stats', 200],
      ['/v1/nothing', 404],
      ['/v1/session', 404],
    ] as const) {
      const response = await fetch(tower.url + path)
      assert.equal(response.status, status, path)
      const body = (await response.json()) as { readonly code?: string }
      if (status === 404) assert.equal(body.code, 'not_found')
    }
    const lines = readFileSync(tower.logFile, 'utf8').split('\n')
    assert.equal(lines.filter((line) => line.includes('"kind":"unfunded"')).length, 1)
    assert.equal((await fetch(`${tower.url}/v1/tower`, { method: 'POST' })).status, 405)
    const seed = readFileSync(join(tower.dataDir, 'watchtower.key'), 'utf8').trim()
    assert.ok(!readFileSync(tower.logFile, 'utf8').includes(seed), 'INV-51')
  })
})

async function readChain(url: string): Promise<string> {
  const facts = (await (await fetch(`${url}/v1/tower`)).json()) as { readonly chain_id: string }
  return facts.chain_id
}
