import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PlainConnections } from '#hub/api/plain-connections.js'
import { PLAIN_CONNECTIONS_MAX, PLAIN_CONNECTIONS_PER_ADDRESS_MAX } from '#hub/limits.js'
import { handClock } from './hand-clock.js'

/** As much of a connection as is looked at. */
class Connection {
  readonly remoteAddress: string
  isOpen = true

  constructor(remoteAddress: string) {
    this.remoteAddress = remoteAddress
  }

  destroy(): this {
    this.isOpen = false
    return this
  }
}

function scene(trustedProxies = 0) {
  const clock = handClock()
  const connections = new PlainConnections<Connection>(clock, trustedProxies)
  const add = (address: string) => {
    const connection = new Connection(address)
    connections.add(connection)
    return connection
  }
  return { clock, connections, add }
}

const times = <T>(count: number, make: (i: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i))

describe('INV-45 connections that are no session', () => {
  test('are so many of one address, and of another as well', () => {
    const { connections, add } = scene()
    const all = times(PLAIN_CONNECTIONS_PER_ADDRESS_MAX, () => add('10.0.0.1'))
    assert.ok(all.every(({ isOpen }) => isOpen))
    assert.equal(add('10.0.0.1').isOpen, false)
    assert.equal(add('10.0.0.2').isOpen, true)
    for (const _ of [1, 2]) connections.remove(all[0] ?? assert.fail())
    assert.deepEqual([add('10.0.0.1').isOpen, add('10.0.0.1').isOpen], [true, false])
  })

  test('are so many in all', () => {
    const { add } = scene()
    const all = times(PLAIN_CONNECTIONS_MAX, (i) => add(`10.0.${i >> 8}.${i & 255}`))
    assert.ok(all.every(({ isOpen }) => isOpen))
    assert.equal(add('10.1.0.1').isOpen, false)
  })

  test('of an address that has many of them make room for another', () => {
    const { add } = scene()
    const all = times(PLAIN_CONNECTIONS_MAX, (i) => add(`10.0.0.${i & 7}`))
    assert.equal(add('10.0.0.9').isOpen, true)
    assert.deepEqual(
      all.flatMap(({ isOpen }, i) => (isOpen ? [] : [i])),
      [0],
    )
  })

  test('may all come from one address behind a proxy', () => {
    const { add } = scene(1)
    const all = times(PLAIN_CONNECTIONS_MAX, () => add('10.0.0.1'))
    assert.ok(all.every(({ isOpen }) => isOpen))
    assert.equal(add('10.0.0.1').isOpen, false)
  })

  test('make room for the next after a minute, and not before', () => {
    const { clock, add } = scene()
    const [first] = times(PLAIN_CONNECTIONS_PER_ADDRESS_MAX, () => add('10.0.0.1'))
    clock.pass(59_999)
    assert.deepEqual([add('10.0.0.1').isOpen, first?.isOpen], [false, true])
    clock.pass(1)
    assert.deepEqual([add('10.0.0.1').isOpen, first?.isOpen], [true, false])
  })
})
