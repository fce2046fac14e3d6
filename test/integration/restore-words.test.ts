import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createMnemonic } from '@tallystick/protocol'
import { walletCommand, walletCommandWith } from './wallet-command.js'

const [OURS, OTHERS] = [7, 8].map((byte) => createMnemonic(new Uint8Array(16).fill(byte)))

test('wallet restore goes on in a folder with the words that it holds, and refuses others, also on standard input', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-restore-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const keys = join(folder, 'wallet.keys')
  writeFileSync(keys, `${OURS}\n`, { mode: 0o600 })
  const nobody = ['--ledger', 'http://127.0.0.1:9', '--chain-id', '00'.repeat(32)]
  const codes: string[] = []
  // `undefined`: an input that stays open, and says nothing.
  for (const input of [`${OTHERS}\n`, 'no words\n', `${OURS}\n`, '', undefined]) {
    const args = ['restore', '--wallet', folder, ...nobody]
    const { code, stderr } = await (input === undefined
      ? walletCommand(...args)
      : walletCommandWith(input, ...args))
    assert.equal(code, 1, stderr)
    codes.push(/^([a-z_]+): /m.exec(stderr)?.[1] ?? stderr)
  }
  const beyond = 'ledger_unreachable'
  assert.deepEqual(codes, ['wallet_exists', 'words_invalid', beyond, beyond, beyond])
  assert.equal(readFileSync(keys, 'utf8'), `${OURS}\n`)
})
