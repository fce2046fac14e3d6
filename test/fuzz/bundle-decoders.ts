import assert from 'node:assert/strict'
import { type ExitBundle, encodeExitBundle, parseExitBundle } from '@tallystick/client-sdk'
import { concatBytes, equalBytes, isRejection, sha256, timestamp } from '@tallystick/protocol'
import { bundleExit } from '#client-sdk/exit/exit-bundle.js'
import { ChannelPair, FEE_PER_KILO_COST } from '../client-sdk/channel-pair.js'
import { START } from '../client-sdk/ledger-world.js'
import type { Decoder } from './decoder.js'

/** Bundles that a person keeps as a file: tried as they are, and with a checksum that fits. */
export function bundleDecoders(): readonly Decoder[] {
  let built: ExitBundle | undefined
  return [
    {
      name: 'parseExitBundle',
      covers: ['parseExitBundle'],
      valid: (dice) => {
        built ??= someBundle()
        return encodeExitBundle({ ...built, height: dice.roll(1_000_000) })
      },
      check: (input) => {
        const verdict = verdictOn(input)
        const end = Math.max(0, input.length - 32)
        const content = input.subarray(0, end)
        verdictOn(concatBytes(content, sha256(content)))
        return verdict
      },
    },
  ]
}

/** INV-23: refused by name, or the only bytes of what was read. */
function verdictOn(input: Uint8Array): 'accepted' | 'refused' {
  const bundle = parseExitBundle(input)
  if (isRejection(bundle)) {
    assert.match(bundle.code, /^bundle_(damaged|version)$/)
    return 'refused'
  }
  assert.ok(equalBytes(encodeExitBundle(bundle), input), 'INV-23 not its own encoding')
  return 'accepted'
}

function someBundle(): ExitBundle {
  const pair = new ChannelPair()
  pair.add('hub', 1, 500n, START + 500)
  pair.update('client', [], START)
  const { chainId } = pair.world
  const exit = bundleExit({
    ...{ chainId, party: pair.client, signer: pair.signers.client, unsure: true },
    ...{ feePerKiloCost: FEE_PER_KILO_COST, now: START },
  })
  if (isRejection(exit)) throw new Error(exit.detail)
  return { chainId, height: 7, time: timestamp(START), exits: [exit] }
}
