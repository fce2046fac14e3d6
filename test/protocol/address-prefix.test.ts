import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressPrefix } from '@tallystick/protocol'

test('INV-45 who can choose among many addresses counts as one', () => {
  const cases: readonly (readonly [address: string, prefix: string])[] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    // No addresses: each by its text.
    ['unknown', 'unknown'],
    ['', ''],
    ['1:2:3', '1:2:3'],
    ['1::2::3', '1::2::3'],
    ['1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8:9'],
    ['1:2:3:4:5:6:7::8:9', '1:2:3:4:5:6:7::8:9'],
    ['::ffff:300.0.2.7', '::ffff:300.0.2.7'],
    ['g::1', 'g::1'],
  ]
  for (const [address, prefix] of cases) assert.equal(addressPrefix(address), prefix, address)
})
