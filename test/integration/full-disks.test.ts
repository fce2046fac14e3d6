import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { fetchKeptCopies, LedgerClient, WalletError } from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import { startKind, UsedFiles } from './used-files.js'

/** Files may grow to so many blocks of 512 bytes: a tower's store and some commits fit. */
const TOWER_BLOCKS_MAX = 250
/** No more than a mark fits. */
const WALLET_BLOCKS_MAX = 20

test('INV-43 INV-44 INV-18 a tower and a wallet whose disk is full end by name, and nothing that they vouched for, or promised, is lost', async (context) => {
  const used = new UsedFiles(context)
  await used.startLedger()
  const tower = await used.start({ fileBlocksMax: TOWER_BLOCKS_MAX })
  const second = await startKind('tower', used.argsOf('tower', used.dir))
  assert.equal(second.said.error?.code, 'store_in_use')

  await used.open()
  const ended = once(tower.child, 'exit')
  const over = ended.then(() => 'over' as const)
  let payments = 0
  let upTo = await used.wallet(1).ask({ kind: 'guards' })
  for (;;) {
    await used.pay(1)
    const guarded = used.wallet(1).ask({ kind: 'books' })
    if ((await Promise.race([guarded, over])) === 'over') break
    payments++
    upTo = await used.wallet(1).ask({ kind: 'guards' })
  }
  assert.deepEqual(await ended, [70, null])
  assert.ok(payments > 0)
  assert.ok(Object.values(upTo).some((version) => Number(version) > 0))
  context.diagnostic(`the tower vouched ${payments} times before its disk was full`)
  await used.kill()

  await used.startLedger()
  const again = await startKind('tower', used.argsOf('tower', used.dir))
  context.after(() => again.kill())
  const url = `${again.said.url?.replace('http', 'ws')}/v1/session`
  const ledger = await LedgerClient.connect({ url: used.ledgerUrl, openSocket: openWsSocket })
  const copies = await fetchKeptCopies({
    ...{ words: used.seedOf('bob'), ledger, towers: [{ url }], openSocket: openWsSocket },
  })
  assert.ok(copies.length > 0)
  for (const { channel, outcome } of copies) {
    assert.ok(!(outcome instanceof WalletError))
    assert.ok((outcome?.proof?.lane.version ?? 0) >= Number(upTo[channel.id] ?? 0))
  }

  const place = ['--keys', join(used.dir, 'alice.keys'), '--store', join(used.dir, 'alice.db')]
  const exit = ['exit', ...place, '--ledger', used.ledgerUrl, '--yes']
  const full = await startKind('wallet', exit, { fileBlocksMax: WALLET_BLOCKS_MAX })
  assert.equal(full.said.error?.code, 'store_failed')
  const { said } = await startKind('wallet', exit)
  assert.equal(said.error, undefined, JSON.stringify(said))
})
