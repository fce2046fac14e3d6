import assert from 'node:assert/strict'
import {
  encode,
  equalBytes,
  isRejection,
  parseSealedBackup,
  type Rejection,
  sealedBackupCodec,
} from '@tallystick/protocol'
import { validBytes } from './codec-decoders.js'
import type { Decoder } from './decoder.js'

/** Backups, which come from files and from hubs. */
export function backupDecoders(): readonly Decoder[] {
  return [
    {
      name: 'parseSealedBackup',
      covers: ['parseSealedBackup'],
      valid: (dice) => validBytes(sealedBackupCodec, dice),
      check: (input) => {
        const backup = parseSealedBackup(input)
        if (isRejection(backup)) {
          const { code } = backup as Rejection
          const isKnown = [3, 4].includes(input[0] ?? 4)
          assert.equal(code, isKnown ? 'backup_damaged' : 'backup_format_unknown')
          return 'refused'
        }
        assert.ok(equalBytes(encode(sealedBackupCodec, backup), input), 'INV-23 one encoding')
        return 'accepted'
      },
    },
  ]
}
