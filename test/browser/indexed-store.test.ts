import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { storePages } from './store-page.js'

const PAYMENT_KEY = 'order 4711 of a lamp'
const SECRET = 'the preimage of an invoice'
/** The key of 32 bytes 0x07 under `correct horse`, wrapped at a cost of its own, with the words of zero entropy. */
const VAULT = {
  format: 1,
  id: '11'.repeat(16),
  scrypt: { n: 1_024, r: 8, p: 1 },
  salt: '01'.repeat(16),
  wrappedKey: `${'02'.repeat(24)}d2df13fce4f61be1ef4e206982765609cca8295831ef2179d5764f383e17a16eaced211b20066268a4c2a7544e544757`,
  sealedWords: `${'03'.repeat(24)}e5642a75114ea8d01672229523bea0694bf81109677a5835cb3d5d63444b4f9aad6ee0ab7c330badddbfdc1f6d0b58025e08bcf652848281c501b90348e16f602fa9540dfd3a6bd7dfae1595b3e3b0771f88a8d388a147af766b339a61de0f8045c93188ae33012505da2d6ffc`,
}
const WORDS = `${'abandon '.repeat(11)}about`

test('a store in a browser', async (t) => {
  const { browser, open, url } = await storePages(t)
  const profile = await browser.newContext()
  const page = await open(profile)

  await t.test('INV-18 keeps commits whole and in order for who opens it next', async () => {
    await makeStore(page, 'kept')
    await page.evaluate(
      async ([key, secret]) => {
        const bytes = (text: string) => new TextEncoder().encode(text)
        await Promise.all([
          store.commit([
            { kind: 'payment', key, value: bytes('first') },
            { kind: 'invoice', key: 'ab', value: bytes(secret) },
            { kind: 'payment', key, value: bytes('second') },
          ]),
          store.commit([
            { kind: 'meta', key: 'gone', value: bytes('x') },
            { kind: 'donePayment', key: 'old', value: bytes('history') },
          ]),
          store.commit([{ kind: 'meta', key: 'gone', value: undefined }]),
        ])
        await store.close()
      },
      [PAYMENT_KEY, SECRET] as const,
    )
    const found = await page.evaluate(async (key) => {
      const { store } = await openAgain('kept')
      const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes)
      return {
        listed: (await store.list('payment')).map(({ key, value }) => [key, text(value)]),
        invoice: text(await store.get('invoice', 'ab')),
        old: text(await store.get('donePayment', 'old')),
        gone: text(await store.get('meta', 'gone')),
        other: text(await store.get('payment', `${key}!`)),
      }
    }, PAYMENT_KEY)
    assert.deepEqual(found, {
      listed: [[PAYMENT_KEY, 'second']],
      invoice: SECRET,
      old: 'history',
      gone: undefined,
      other: undefined,
    })
  })

  await t.test(
    'WEB-2 INV-51 shows nobody who reads the files a key, a value or a word',
    async () => {
      const stored = await page.evaluate(async () => {
        const head = place.database.transaction(['head', 'record'])
        const all: unknown[] = []
        for (const name of ['head', 'record']) {
          const rows = head.objectStore(name)
          all.push(await parts.answered(rows.getAll()), await parts.answered(rows.getAllKeys()))
        }
        const text = (value: unknown): string =>
          value instanceof Uint8Array
            ? new TextDecoder('latin1').decode(value)
            : Array.isArray(value)
              ? value.map(text).join('\n')
              : typeof value === 'object' && value !== null
                ? text(Object.values(value))
                : String(value)
        return text(all) + JSON.stringify({ ...localStorage })
      })
      assert.ok(stored.length > 700)
      for (const secret of [PAYMENT_KEY, SECRET, 'second', 'history', ...WORDS.split(' ')]) {
        assert.ok(!stored.includes(secret), secret)
      }
    },
  )

  await t.test(
    'WEB-2 a passphrase opens its vault at the cost that stands there, another one does not',
    async () => {
      const found = await page.evaluate(async () => {
        const words = async (passphrase: string) => (await parts.openVault(vault, passphrase)).words
        return {
          words: await words('correct horse'),
          composed: await words('ｃorrect horse'),
          codes: [
            await refusal(() => words('Correct horse')),
            await refusal(() => parts.openVault({ ...vault, id: '00' }, 'correct horse')),
            await refusal(() => parts.makeVault('seven77', 'no words' as never)),
            await refusal(async () =>
              parts.parseVault({ ...vault, scrypt: { n: 2 ** 23, r: 64, p: 1 } }),
            ),
            await refusal(async () =>
              parts.parseVault({ ...vault, scrypt: { n: 1_000, r: 8, p: 1 } }),
            ),
            await refusal(async () => parts.parseVault({ ...vault, format: 2 })),
            await refusal(async () => parts.parseVault(undefined)),
            await refusal(async () => parts.parseVault(structuredClone(vault))),
          ],
        }
      })
      assert.deepEqual(found, {
        words: WORDS,
        composed: WORDS,
        codes: [
          ...['passphrase_wrong', 'passphrase_wrong', 'passphrase_invalid', 'store_corrupt'],
          ...['store_corrupt', 'store_version', 'store_version', 'taken'],
        ],
      })
    },
  )

  await t.test(
    'WEB-2 lists are read by pages, in order, and nothing but their places is in clear',
    async () => {
      const page = await open(await browser.newContext())
      await makeStore(page, 'lists')
      const found = await page.evaluate(async () => {
        const value = new Uint8Array([1])
        const names = ['open', 'paid', 'paid', 'all', 'all', 'all']
        const keys = names.map((name, i) => `${name}/${String(i + 1).padStart(15, '0')}`)
        await store.commit(
          [...keys, 'anchor/00ff'].map((key) => ({ kind: 'invoiceOrder', key, value }) as const),
        )
        const page = async (after: string | undefined, limit: number, down: boolean) => {
          const order = down ? 'descending' : 'ascending'
          const records = await store.page('invoiceOrder', after, limit, order)
          return records.map(({ key }) => key.replace(/0+/, ''))
        }
        const database = place.database.transaction('record').objectStore('record')
        const places = await new Promise<string>((resolve) => {
          const request = database.getAllKeys()
          request.onsuccess = () => resolve(JSON.stringify(request.result))
        })
        return {
          newest: await page('paid0', 2, true),
          rest: await page(keys[2], 1, true),
          first: await page('open/', 3, false),
          after: await page(keys[3], 2, false),
          none: await page(undefined, 0, false),
          showsAnchor: places.includes('00ff'),
        }
      })
      assert.deepEqual(found, {
        newest: ['paid/3', 'paid/2'],
        rest: ['paid/2'],
        first: ['open/1', 'paid/2', 'paid/3'],
        after: ['all/5', 'all/6'],
        none: [],
        showsAnchor: false,
      })
    },
  )

  await t.test('INV-44 a page that was overtaken commits nothing', async () => {
    await makeStore(page, 'overtaken')
    const found = await page.evaluate(async () => {
      const behind = store
      const write = (key: string) => [{ kind: 'meta', key, value: new Uint8Array([1]) }] as const
      const { store: ahead } = await openAgain('overtaken')
      await ahead.commit(write('ahead'))
      const codes = [
        await refusal(() => behind.commit(write('behind'))),
        await refusal(() => behind.commit(write('behind'))),
        await refusal(() => behind.get('meta', 'ahead')),
      ]
      return { codes, kept: (await ahead.list('meta')).map(({ key }) => key) }
    })
    assert.deepEqual(found, {
      codes: ['store_in_use', 'store_in_use', 'store_in_use'],
      kept: ['ahead'],
    })
  })

  await t.test('INV-42 names records that are changed, missing, old or elsewhere', async () => {
    await makeStore(page, 'spoilt')
    const codes = await page.evaluate(async () => {
      const write = (key: string, byte: number) =>
        [{ kind: 'meta', key, value: new Uint8Array([byte]) }] as const
      await store.commit([...write('a', 1), ...write('b', 2)])
      const saved = await snapshot()
      await store.commit(write('a', 3))
      const whole = await snapshot()
      const codes: Record<string, string> = {}
      const tried = async (name: string, spoil: (rows: Snapshot) => Snapshot) => {
        await putBack(spoil(structuredClone(whole)))
        codes[name] = await refusal(() => openAgain('spoilt'))
      }
      const [first, second] = whole.records
      const old = saved.records.find(({ box }, i) => `${box}` !== `${whole.records[i]?.box}`)
      if (!first || !second || !old) throw new Error('there are two records, and an older one')
      await tried('whole', (rows) => rows)
      await tried('changed', (rows) => {
        // Another bit whatever it is: one box of 256 has a given byte there already.
        const box = rows.records[0]?.box
        if (box) box[30] = (box[30] ?? 0) ^ 1
        return rows
      })
      await tried('missing', (rows) => ({ ...rows, records: [first] }))
      await tried('elsewhere', (rows) => ({
        ...rows,
        records: [
          { ...first, box: second.box },
          { ...second, box: first.box },
        ],
      }))
      await tried('one old record', (rows) => ({
        ...rows,
        records: rows.records.map((row) => (row.place === old.place ? old : row)),
      }))
      await tried('all old', () => saved)
      await tried('another seal', (rows) => ({ ...rows, seal: rows.seal.slice(1) }))
      await putBack(whole)
      return codes
    })
    assert.deepEqual(codes, {
      whole: 'taken',
      changed: 'store_corrupt',
      missing: 'store_corrupt',
      elsewhere: 'store_corrupt',
      'one old record': 'store_corrupt',
      'all old': 'store_rolled_back',
      'another seal': 'store_corrupt',
    })
  })

  await t.test(
    'WEB-3 a copy is taken on its owner’s word only, and is another store then',
    async () => {
      const found = await page.evaluate(async () => {
        const write = [{ kind: 'meta', key: 'c', value: new Uint8Array([1]) }] as const
        const { store } = await openAgain('spoilt', true)
        const copy = await snapshot()
        await store.commit(write)
        const newest = await snapshot()
        const codes = [await refusal(() => openAgain('spoilt'))]
        await putBack(copy)
        codes.push(await refusal(() => openAgain('spoilt')))
        const { isMaybeOld } = await openAgain('spoilt', true)
        await putBack(newest)
        codes.push(await refusal(() => openAgain('spoilt')))
        return { codes, isMaybeOld }
      })
      assert.deepEqual(found.isMaybeOld, true)
      assert.deepEqual(found.codes, ['taken', 'store_rolled_back', 'store_swapped'])
    },
  )

  await t.test(
    'WEB-3 without a mark nobody knows how old a store is: its books are asked for',
    async () => {
      const found = await page.evaluate(async () => {
        localStorage.clear()
        const first = await openAgain('spoilt')
        await first.store.close()
        const second = await openAgain('spoilt')
        return [first.isMaybeOld, second.isMaybeOld]
      })
      assert.deepEqual(found, [true, false])
    },
  )

  await t.test('INV-43 a browser that gives no more space ends the store', async () => {
    // What is left is looked up once and believed for a while: it has to be little from the beginning.
    const other = await browser.newContext()
    const page = await open(other)
    const session = await other.newCDPSession(page)
    const { origin } = new URL(url)
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 200_000 })
    await makeStore(page, 'full')
    const codes = await page.evaluate(async () => {
      const write = [{ kind: 'meta', key: 'large', value: new Uint8Array(2_000_000) }] as const
      return [
        await refusal(() => store.commit(write)),
        await refusal(() => store.commit([])),
        await refusal(() => store.list('meta')),
      ]
    })
    assert.deepEqual(codes, ['store_failed', 'store_failed', 'store_failed'])
    const kept = await page.evaluate(async () => {
      const { store } = await openAgain('full')
      return (await store.list('meta')).length
    })
    assert.equal(kept, 0)
  })

  await t.test('WEB-1 a turn ends with its page, and who waits for it comes next', async () => {
    const other = await open(profile)
    await other.evaluate(() =>
      parts
        .takeTurn('turn', { wait: false, signal: undefined, onLost: () => undefined })
        .then(() => undefined),
    )
    const waiting = page.evaluate(async () => {
      const take = (wait: boolean, signal?: AbortSignal) =>
        parts.takeTurn('turn', { wait, signal, onLost: () => undefined })
      const refused = await refusal(() => take(false))
      const impatient = await refusal(() => take(true, AbortSignal.abort(new Error('enough'))))
      const turn = take(true)
      document.title = 'waits'
      await turn
      return [refused, impatient]
    })
    await page.waitForFunction(() => document.title === 'waits')
    await other.close()
    assert.deepEqual(await waiting, ['store_in_use', 'Error: enough'])
  })
})

type Row = { readonly kind: string; readonly place: string; readonly box: Uint8Array }
type Snapshot = { readonly seal: Uint8Array; readonly records: readonly Row[] }

declare global {
  var openAgain: (
    name: string,
    restored?: boolean,
  ) => ReturnType<typeof globalThis.parts.IndexedStore.open>
  var snapshot: () => Promise<Snapshot>
  var putBack: (rows: Snapshot) => Promise<void>
}

/** A new store in `store`, with what opens, copies and puts it back. */
async function makeStore(page: Page, name: string): Promise<void> {
  await page.evaluate(
    async ({ name, stored }) => {
      const bytes = (hex: string) =>
        Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
      const { salt, wrappedKey, sealedWords } = stored
      globalThis.vault = parts.parseVault({
        ...stored,
        ...{ salt: bytes(salt), wrappedKey: bytes(wrappedKey), sealedWords: bytes(sealedWords) },
      })
      const id = vault.id
      const key = new Uint8Array(32).fill(7)
      const database = await parts.openIndexedDatabase(name, true, () => undefined)
      if (database === undefined) throw new Error('a database is made')
      globalThis.place = { database, mark: new parts.BrowserMark(name) }
      globalThis.store = await parts.IndexedStore.make(place, vault, key)
      globalThis.openAgain = async (name, restored = false) => {
        const database = await parts.openIndexedDatabase(name, false, () => undefined)
        if (database === undefined) throw new Error('there is a database')
        globalThis.place = { database, mark: new parts.BrowserMark(name) }
        return parts.IndexedStore.open(place, { id, key }, restored)
      }
      globalThis.snapshot = async () => {
        const { transaction } = parts.strictTransaction(place.database)
        const rows = transaction.objectStore('record')
        const keys = (await parts.answered(rows.getAllKeys())) as unknown as [string, string][]
        const boxes: Uint8Array[] = await parts.answered(rows.getAll())
        const seal: Uint8Array = await parts.answered(transaction.objectStore('head').get('seal'))
        const records = keys.map(([kind, place], i) => ({ kind, place, box: boxes[i] ?? seal }))
        return { seal, records }
      }
      globalThis.putBack = async ({ seal, records }) => {
        const { transaction, done } = parts.strictTransaction(place.database)
        const rows = transaction.objectStore('record')
        rows.clear()
        for (const { kind, place, box } of records) rows.put(box, [kind, place])
        transaction.objectStore('head').put(seal, 'seal')
        await done
      }
    },
    { name, stored: VAULT },
  )
}
