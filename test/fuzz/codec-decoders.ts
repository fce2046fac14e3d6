import assert from 'node:assert/strict'
import {
  type Codec,
  decode,
  decodeTrusted,
  encode,
  equalBytes,
  isRejection,
  type Rejection,
  STATE_ENTRIES,
} from '@tallystick/protocol'
import { bytesOfLayout } from '../protocol/layout-bytes.js'
import type { Dice } from '../protocol/test-channel.js'
import type { Decoder, Verdict } from './decoder.js'
import { exportedNames } from './exported-names.js'

/** A decoder of everything that a codec reads. */
export function codecDecoder(name: string, codec: Codec<unknown>): Decoder {
  return {
    name,
    covers: [name],
    valid: (dice) => validBytes(codec, dice),
    check: (input) => verdictOn(codec, input, decode(codec, input)),
  }
}

/** Bytes of a layout that also hold to what a layout cannot say. */
export function validBytes(codec: Codec<unknown>, dice: Dice): Uint8Array | undefined {
  const bytes = bytesOfLayout(codec.layout, dice)
  return isRejection(decode(codec, bytes)) ? undefined : bytes
}

/** INV-23 for one answer to `input`: refused with the place, or the only encoding of its value. */
export function verdictOn(codec: Codec<unknown>, input: Uint8Array, answer: unknown): Verdict {
  if (isRejection(answer)) {
    const { code, detail } = answer as Rejection
    assert.equal(code, 'malformed')
    assert.match(detail, /^byte \d+: /)
    assert.throws(() => decodeTrusted(codec, input), { name: 'MalformedBytes' })
    return 'refused'
  }
  assert.ok(equalBytes(encode(codec, answer), input), 'INV-23 the input is not its own encoding')
  return 'accepted'
}

/** Every codec that a package exports from any of its files. */
export async function exportedCodecs(): Promise<readonly Decoder[]> {
  const found: Decoder[] = []
  for (const { name, load } of exportedNames(/^export const (\w+Codec)\b/gm)) {
    const codec = await load()
    assert.ok(isCodec(codec), `${name} is a codec`)
    found.push(codecDecoder(name, codec))
  }
  return found
}

/** Names and values of the entries of the state (STATE-2). */
export function stateEntryDecoders(): readonly Decoder[] {
  return Object.entries(STATE_ENTRIES).flatMap(([kind, { key, value }]) => [
    codecDecoder(`STATE_ENTRIES.${kind}.key`, key as Codec<unknown>),
    codecDecoder(`STATE_ENTRIES.${kind}.value`, value as Codec<unknown>),
  ])
}

function isCodec(value: unknown): value is Codec<unknown> {
  return typeof value === 'object' && value !== null && 'layout' in value && 'read' in value
}
