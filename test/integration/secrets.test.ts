import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { openWallet } from '@tallystick/client-sdk/node'
import { deriveSeed, encode, entrustedCodec, fromHex } from '@tallystick/protocol'
import { ONE, startTestNetwork } from './test-network.js'
import { startTower } from './tower-process.js'

const CANARY = 'canary-of-a-lamp'

type Secret = {
  readonly name: string
  readonly forms: readonly string[]
  /** Files that may hold it: the store that it belongs to, by the beginning of their names. */
  readonly store: string
}

/** A text as it is. */
function secretText(name: string, store: string, text: string): Secret {
  return { name, store, forms: [text, Buffer.from(text).toString('base64').slice(2, -4)] }
}

/** Bytes as programs print them: raw (as latin1), hex of either case, base64, lists of numbers. */
function secretBytes(name: string, store: string, bytes: Uint8Array): Secret {
  const buffer = Buffer.from(bytes)
  const some = [...bytes.subarray(0, 8)]
  const forms = [
    buffer.toString('latin1'),
    buffer.toString('hex'),
    buffer.toString('hex').toUpperCase(),
    buffer.toString('base64').replace(/=+$/, ''),
    buffer.toString('base64url'),
    ...[',', ', ', '.', ' '].map((between) => some.join(between)),
    JSON.stringify(bytes).slice(0, 60),
  ]
  return { name, store, forms }
}

/** Every file below `dir`, with its content as latin1. */
function filesOf(dir: string): readonly (readonly [name: string, content: string])[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => [relative(dir, path), readFileSync(path, 'latin1')] as const)
}

function leaksIn(
  secrets: readonly Secret[],
  said: readonly (readonly [where: string, what: string])[],
): string[] {
  return said.flatMap(([where, what]) =>
    secrets
      .filter(({ store }) => !where.startsWith(store))
      .filter(({ forms }) => forms.some((form) => what.includes(form)))
      .map(({ name }) => `${name} in ${where}`),
  )
}

describe('INV-51 secrets stay where they belong', () => {
  test('INV-51 BAK-2 words, seeds, keys, preimages and what a backup holds are said nowhere', async (t) => {
    const network = await startTestNetwork(t, ['alice'])
    const tower = await startTower(t, network, 'tower')
    const said: [string, string][] = []
    const hear = (where: string, what: unknown) => {
      said.push([
        where,
        `${inspect(what, { depth: 12, maxStringLength: null, maxArrayLength: null })}`,
      ])
    }
    const open = async (name: string) => {
      const opened = await openWallet({
        ...{ words: network.seedOf(name), file: join(network.dir, `${name}.db`) },
        ...{ ledgerUrl: network.ledgerUrl, hubUrl: network.hubUrl },
        towers: [{ url: tower.sessionUrl, key: tower.key }],
        onEvent: (notice) => notice.kind !== 'invoice' && hear(`notice of ${name}`, notice),
      })
      t.after(opened.close)
      return opened
    }
    const fails = async (where: string, doing: Promise<unknown>) => {
      const error = await doing.then(
        () => assert.fail(`${where} is refused`),
        (caught: unknown) => caught,
      )
      hear(where, error)
      said.push([where, error instanceof Error ? `${error.stack}` : ''])
    }

    const alice = await open('alice')
    await alice.wallet.openChannel({ deposit: 100n * ONE })
    const shop = await open('shop')
    const sale = await shop.wallet.createInvoice({ value: 10n * ONE, description: 'A lamp' })
    await Promise.all([
      alice.wallet.pay(sale.text, { key: sale.text }),
      shop.wallet.paid(sale.anchor),
    ])
    const waits = await shop.wallet.createInvoice({ value: ONE, description: CANARY })
    const [held] = shop.wallet.channels()
    assert.ok(held !== undefined)
    const { id } = held.party.ledger
    await shop.wallet.guarded(id)

    // What leaves a wallet on purpose, and what it says of itself.
    for (const { wallet } of [alice, shop]) hear('a wallet', wallet)
    said.push(['a backup', Buffer.from(await shop.wallet.exportBackup()).toString('latin1')])
    const appointment = {
      ...{ guardKey: tower.key, bounty: { ppm: 100_000, payoutLock: tower.payoutLock } },
      validUntil: held.party.ledger.openedTime,
    }
    const entrusted = encode(entrustedCodec, shop.wallet.entrust(id, appointment as never))
    said.push(['what is entrusted', Buffer.from(entrusted).toString('latin1')])
    hear('an exit bundle', shop.wallet.exitBundle())

    // Mistakes of owners, and what strangers ask for.
    const words = network.wordsOf('shop')
    const wrong = words.replace(/ \w+$/, ' canary')
    const again = { ledgerUrl: network.ledgerUrl, hubUrl: network.hubUrl }
    const file = join(network.dir, 'shop.db')
    await fails('a store in use', openWallet({ words, file, ...again }))
    await fails('wrong words', openWallet({ words: wrong, file, ...again }))
    await shop.close()
    await fails(
      'a store of other words',
      openWallet({ words: network.seedOf('bob'), file, ...again }),
    )
    await fails('an unpaid invoice', alice.wallet.pay(waits.text.slice(0, -1), { key: 'cut' }))
    const hubUrl = network.hubUrl.replace('ws', 'http').replace('/v1/session', '')
    const seed = Buffer.from(network.seedOf('shop')).toString('hex')
    const headers = { authorization: `Tallystick ${seed}` }
    for (const url of [hubUrl, tower.url, network.ledgerUrl]) {
      for (const path of [
        `/v1/${seed}`,
        `/v1/backups/${seed}?words=${words}`,
        '/v1/stats',
        '/v1/hub',
      ]) {
        const response = await fetch(url + path, { headers })
        said.push([`${url}${path.slice(0, 9)}`, await response.text()])
      }
    }
    await alice.close()

    const secrets = ['alice', 'shop'].flatMap((name) => {
      const master = network.seedOf(name)
      const keys = [0, 1, 2, 3, 4].map((purpose) =>
        secretBytes(`key ${purpose} of ${name}`, 'none', deriveSeed(master, [8383, purpose, 0])),
      )
      const first = secretText(`the words of ${name}`, 'none', network.wordsOf(name))
      return [first, secretBytes(`the seed of ${name}`, 'none', master), ...keys]
    })
    const preimage = secretBytes('a preimage', 'shop.db', waits.preimage)
    const description = secretText('a description', 'shop.db', CANARY)
    const stores = [
      ['hub/hub.key', join(network.dir, 'hub', 'hub.key')],
      ['tower/watchtower.key', join(tower.dataDir, 'watchtower.key')],
    ].map(([store = '', path = '']) => {
      return secretBytes(store, store, fromHex(readFileSync(path, 'utf8').trim()))
    })
    const all = [...secrets, preimage, description, ...stores]
    const files = filesOf(network.dir)
    for (const name of ['shop.db', 'hub/hub.db', 'hub/audit.log', 'hub.log', 'tower.log']) {
      assert.ok(
        files.some(([file]) => file === name),
        `${name} is looked at`,
      )
    }
    assert.deepEqual(leaksIn([preimage], [['a test', files.map(([, text]) => text).join()]]), [
      'a preimage in a test',
    ])
    assert.deepEqual(leaksIn(all, [...files, ...said]), [])
  })
})
