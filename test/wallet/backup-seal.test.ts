import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import {
  BACKUP_FILE_BYTES_MAX,
  BACKUP_HUB_BYTES_MAX,
  backupHeaderCodec,
  decodeTrusted,
  encode,
  isRejection,
  sealedBackupCodec,
  utf8,
} from '@tallystick/protocol'
import fc from 'fast-check'
import {
  backupContentCodec,
  contentBeforePayoutsCodec,
  type OpenedBackup,
} from '#client-sdk/backup/backup-content.js'
import { type BackupOwner, openBackup, sealBackup } from '#client-sdk/backup/seal-backup.js'
import { validBytes } from '../fuzz/codec-decoders.js'
import { accepted, CHAIN, codeOf, Dice, OTHER_CHAIN, testSigner } from '../protocol/test-channel.js'
import { WalletWorld } from './wallet-world.js'

const OWNER: BackupOwner = {
  chainId: CHAIN,
  identity: testSigner(3).publicKey,
  key: new Uint8Array(32).fill(4),
}
const NONCE = new Uint8Array(24).fill(5)
const CANARY = 'the canary is in the coal mine'

/** A wallet with one channel, an open invoice and a payment under way. */
function usedWallet(): OpenedBackup {
  const world = new WalletWorld()
  world.takes({
    kind: 'invoice',
    invoice: world.invoice(1, { description: { kind: 'text', text: CANARY } }),
  })
  world.takes(world.pay(2))
  return {
    version: 9,
    ...{ height: 77, time: world.now, confirmed: 8, nextKeyIndex: 1, isShared: true },
    hub: { key: testSigner(2).publicKey, url: 'ws://hub:1/v1/session' },
    channels: [...world.state.channels()],
    invoices: [...world.state.invoices()],
    payments: [...world.state.payments()],
    ...{ doneInvoices: [], donePayments: [], offers: [], letterPayments: [] },
    ...{ streams: [], payouts: [], donePayouts: [] },
  }
}

function seal(backup: OpenedBackup, owner = OWNER): Uint8Array {
  return accepted(sealBackup(owner, backup, NONCE, BACKUP_FILE_BYTES_MAX))
}

describe('BAK-1 a sealed backup', () => {
  test('opens to what was put into it', () => {
    const backup = usedWallet()
    assert.deepEqual(openBackup(OWNER, seal(backup)), backup)
  })

  test('opens to what was put into it, whatever that is (property)', () => {
    const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 })
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 2 ** 48 }), (seed, version) => {
        const bytes = validBytes(backupContentCodec, new Dice(seed))
        if (bytes === undefined) return
        const content = decodeTrusted(backupContentCodec, bytes)
        const sealed = seal({ ...content, version } as OpenedBackup)
        const opened = accepted(openBackup(OWNER, sealed))
        assert.equal(opened.version, version)
        assert.deepEqual(encode(backupContentCodec, opened), bytes)
      }),
      { numRuns: 200 },
    )
  })

  test('INV-42 is refused by name when any bit of it is flipped', () => {
    const sealed = seal(usedWallet())
    assert.equal(sealed.length, 4_060)
    const codes = new Set<string | undefined>()
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const damaged = new Uint8Array(sealed)
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      codes.add(codeOf(openBackup(OWNER, damaged)))
    }
    assert.deepEqual([...codes].sort(), [
      'backup_damaged',
      'backup_format_unknown',
      'backup_of_another_chain',
      'backup_of_other_words',
    ])
  })

  test('INV-42 is refused by name when it is cut off anywhere, or goes on behind its end', () => {
    const sealed = seal(usedWallet())
    for (let length = 0; length < sealed.length; length++) {
      assert.equal(codeOf(openBackup(OWNER, sealed.subarray(0, length))), 'backup_damaged')
    }
    const longer = new Uint8Array([...sealed, 0])
    assert.equal(codeOf(openBackup(OWNER, longer)), 'backup_damaged')
  })

  test('is refused by name: another format, chain, wallet or key', () => {
    const sealed = seal(usedWallet())
    const later = new Uint8Array(sealed)
    later[0] = 5
    assert.equal(codeOf(openBackup(OWNER, later)), 'backup_format_unknown')
    const words = openBackup(OWNER, new TextEncoder().encode('abandon abandon about\n'))
    assert.match('detail' in words ? words.detail : '', /^this is no backup, or .* byte 97, /)
    const elsewhere = { ...OWNER, chainId: OTHER_CHAIN }
    assert.equal(codeOf(openBackup(elsewhere, sealed)), 'backup_of_another_chain')
    const other = { ...OWNER, identity: testSigner(6).publicKey }
    assert.equal(codeOf(openBackup(other, sealed)), 'backup_of_other_words')
    const key = new Uint8Array(32).fill(7)
    assert.equal(codeOf(openBackup({ ...OWNER, key }, sealed)), 'backup_damaged')
  })

  test('of format 3, which knows no payouts, is opened as one without any', () => {
    const { version, payouts: _, donePayouts: __, ...content } = usedWallet()
    const encoded = encode(contentBeforePayoutsCodec, content)
    const padded = new Uint8Array(4_096 - 128 - 16)
    new DataView(padded.buffer).setUint32(0, encoded.length)
    padded.set(encoded, 4)
    const { chainId, identity, key } = OWNER
    const header = { format: 3, chainId, identity, version }
    const cipher = xchacha20poly1305(key, NONCE, encode(backupHeaderCodec, header))
    const sealed = cipher.encrypt(padded)
    const before = encode(sealedBackupCodec, { header, nonce: NONCE, sealed })
    assert.deepEqual(openBackup(OWNER, before), usedWallet())
  })

  test('INV-20 is bound to its header: no other version can be written over it', () => {
    const sealed = decodeTrusted(sealedBackupCodec, seal(usedWallet()))
    const newer = encode(sealedBackupCodec, {
      ...sealed,
      header: { ...sealed.header, version: 10 },
    })
    assert.equal(codeOf(openBackup(OWNER, newer)), 'backup_damaged')
  })

  test('INV-51 shows nothing of what is in it', () => {
    const backup = usedWallet()
    const sealed = Buffer.from(seal(backup))
    const [invoice] = backup.invoices
    assert.ok(invoice !== undefined)
    for (const secret of [utf8(CANARY), invoice.preimage, utf8('ws://hub'), OWNER.key]) {
      assert.ok(!sealed.includes(Buffer.from(secret)))
    }
    assert.ok(Buffer.from(encode(backupContentCodec, backup)).includes(CANARY))
  })
})

describe('BAK-2 the size of a backup', () => {
  const [invoice] = usedWallet().invoices
  const invoices = (count: number) => ({
    ...usedWallet(),
    invoices: Array.from({ length: count }, () => invoice ?? assert.fail('there is one')),
  })

  test('is one of few, each twice the one before, a little below a power of two', () => {
    const sizes = new Set([0, 5, 10, 20, 40, 80, 160].map((count) => seal(invoices(count)).length))
    assert.deepEqual([...sizes], [4_060, 8_156, 16_348, 32_733])
  })

  test('is bounded: what does not fit is refused, not cut off', () => {
    const outcome = sealBackup(OWNER, invoices(12_000), NONCE, BACKUP_HUB_BYTES_MAX)
    assert.ok(isRejection(outcome))
    assert.equal(codeOf(outcome), 'backup_too_large')
    assert.ok(seal(invoices(12_000)).length > BACKUP_HUB_BYTES_MAX)
  })
})
