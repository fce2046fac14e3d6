import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { unitsOf } from '@tallystick/client-sdk'
import { openWallet, requirePayment } from '@tallystick/client-sdk/node'
import { createMnemonic } from '@tallystick/protocol'
import { ARTICLES } from './articles.js'
import { CATALOGUE } from './catalogue.js'
import { OrderBook } from './order-book.js'
import { OrderDesk } from './order-desk.js'
import { ReadingBook } from './reading-book.js'
import { ReadingRoom } from './reading-room.js'
import { shopApp } from './shop.js'

const { LEDGER = 'http://127.0.0.1:9730', HUB = 'ws://127.0.0.1:9740/v1/session' } = process.env
/** What customers can pay by streams before the hub is asked for more, a decimal of the asset. */
const ROOM = '20'
const { DATA = 'data', NAME = 'Wick & Clay', PORT = '8080' } = process.env

await mkdir(DATA, { recursive: true, mode: 0o700 })
const words = await secret('shop.words', () => createMnemonic(randomBytes(16)))
const token = await secret('merchant.password', () => randomBytes(16).toString('base64url'))
const book = await OrderBook.open(join(DATA, 'orders.jsonl'))
const readings = await ReadingBook.open(join(DATA, 'readings.jsonl'))
let desk
const { wallet, ledger, close } = await openWallet({
  words,
  file: join(DATA, 'shop.db'),
  ledgerUrl: LEDGER,
  hubUrl: HUB,
  // A channel item for less than a section is not worth its place.
  streams: { unitMin: 1_000n },
  onEvent: (notice) => desk?.noticed(notice),
})
const { code, decimals } = ledger.genesis.assets[0]
const asset = { code, decimals }
desk = new OrderDesk({ wallet, book, asset, catalogue: CATALOGUE })
const room = new ReadingRoom({ articles: ARTICLES, book: readings })
const handlers = new Map(
  ARTICLES.map(({ id, price }) => [id, requirePayment(wallet, { price: unitsOf(price, asset) })]),
)
const payFor = (id) => handlers.get(id)
// An invoice has the hub make room for itself, a stream does not.
wallet.ensureInbound(unitsOf(ROOM, asset)).catch(({ message }) => console.error(message))
const network = { ledgerUrl: LEDGER, hubUrl: HUB, chainId: ledger.chainId }
const goods = { catalogue: CATALOGUE, articles: ARTICLES }
const app = shopApp({ name: NAME, desk, room, payFor, ...goods, asset, network, token })

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`
  console.log(`shop      ${url}`)
  console.log(`merchant  ${url}/merchant   password in ${join(DATA, 'merchant.password')}`)
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)

/** A secret that is made at the first start, and read from its file from then on. */
async function secret(file, make) {
  const path = join(DATA, file)
  if (!existsSync(path)) await writeFile(path, `${make()}\n`, { mode: 0o600 })
  return (await readFile(path, 'utf8')).trim()
}

async function stop() {
  server.close()
  server.closeAllConnections()
  await close()
  await book.close()
  await readings.close()
}
