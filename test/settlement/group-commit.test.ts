import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GroupCommit } from '#settlement/node/group-commit.js'

describe('a group commit', () => {
  test('writes what arrives during one write together in the next, in order', async () => {
    const written: (readonly number[])[] = []
    let finishFirst = () => {}
    const firstWrite = new Promise<void>((resolve) => {
      finishFirst = resolve
    })
    const commit = new GroupCommit<number>((items) => {
      written.push(items)
      return written.length === 1 ? firstWrite : Promise.resolve()
    })
    const first = commit.add(1)
    await Promise.resolve()
    const rest = [2, 3, 4].map((item) => commit.add(item))
    assert.deepEqual(written, [[1]])
    finishFirst()
    await Promise.all([first, ...rest])
    assert.deepEqual(written, [[1], [2, 3, 4]])
  })

  test('INV-43 fails everybody after the first failure, and writes nothing on top of it', async () => {
    let writes = 0
    const commit = new GroupCommit<number>(() => {
      writes++
      return Promise.reject(new Error('the disk is full'))
    })
    const during = [commit.add(1), commit.add(2)]
    for (const added of during) await assert.rejects(added, /the disk is full/)
    await assert.rejects(commit.add(3), /the disk is full/)
    assert.equal(writes, 1)
  })
})
