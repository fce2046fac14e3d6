import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { openPageShelf, SHELVED_BYTES_MAX } from '#hub/store/page-shelf.js'
import { fillDisk, HAS_FULL_DEVICE } from '../client-sdk/full-disk.js'
import { temporaryFolder } from '../settlement/data-folder.js'

const page = (byte: number, length = 5_000) => new Uint8Array(length).fill(byte)

function openShelf(context: TestContext) {
  const path = join(temporaryFolder(context), 'hub.db.rest')
  const troubles: string[] = []
  const shelf = openPageShelf(path, (detail) => troubles.push(detail))
  context.after(() => shelf.close())
  return { shelf, troubles, path }
}

describe('a shelf for pages of resting channels', () => {
  test('gives back what was put there last, and takes none that is too long', (context) => {
    const { shelf, troubles } = openShelf(context)
    assert.equal(shelf.put(3, page(1)), true)
    assert.equal(shelf.put(0, page(2, SHELVED_BYTES_MAX)), true)
    assert.equal(shelf.put(3, page(3, 10)), true)
    assert.equal(shelf.put(4, page(4, SHELVED_BYTES_MAX + 1)), false)
    assert.deepEqual(shelf.take(3), page(3, 10))
    assert.deepEqual(shelf.take(0), page(2, SHELVED_BYTES_MAX))
    assert.deepEqual(troubles, [])
  })

  test('INV-42 gives nothing back where it holds something else', (context) => {
    const { shelf } = openShelf(context)
    shelf.put(1, page(1))
    for (const never of [0, 2]) {
      const fault = { code: 'store_failed', message: /not what was put there; start again/ }
      assert.throws(() => shelf.take(never), fault)
    }
  })

  test('takes no page on a full disk, and says so once', { skip: !HAS_FULL_DEVICE }, (context) => {
    const { shelf, troubles, path } = openShelf(context)
    fillDisk(`${path} (deleted)`)
    for (const number of [0, 1, 2]) assert.equal(shelf.put(number, page(1)), false)
    assert.equal(troubles.length, 1)
    assert.match(troubles[0] ?? '', /hub\.db\.rest takes no page .*ENOSPC.* stay in memory/)
  })
})
