import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, test } from 'node:test'
import { allDecoders, NOT_FUZZED } from './decoders.js'
import { exportedNames } from './exported-names.js'
import { fuzzDecoder } from './fuzz-decoder.js'

/** Per decoder: some 600 inputs. `npm run fuzz` tries more. */
const BUDGET = { samples: 20, mutants: 30 }

const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))
const decoders = await allDecoders()

describe('INV-23 every decoder takes what is valid and refuses the rest by name:', () => {
  for (const decoder of decoders) {
    test(decoder.name, async (context) => {
      context.diagnostic(`seed ${seed}`)
      const outcome = await fuzzDecoder(decoder, seed, BUDGET)
      if (outcome.kind === 'failure') {
        const { problem, inputHex, inputText } = outcome
        const replay = `npm run fuzz -- --decoder '${decoder.name}' --input ${inputHex}`
        assert.fail(`seed ${seed}: ${problem}\n${inputText}\n${replay}`)
      }
    })
  }
})

describe('INV-23 the registry of decoders', () => {
  test('has every exported decoder, or says why not', () => {
    const covered = new Set(decoders.flatMap(({ covers }) => covers))
    const missing = exportedNames(
      /^export (?:async )?function\*? ((?:decode|read|parse)[A-Z]?\w*)/gm,
    )
      .filter(({ name }) => !covered.has(name) && NOT_FUZZED[name] === undefined)
      .map(({ name, where }) => `${name} in ${where}`)
    assert.deepEqual(missing, [])
  })

  test('names no exported decoder that is not there any more', () => {
    const there = new Set(
      exportedNames(/^export (?:async )?function\*? (\w+)/gm).map(({ name }) => name),
    )
    assert.deepEqual(
      Object.keys(NOT_FUZZED).filter((name) => !there.has(name)),
      [],
    )
    const codecs = exportedNames(/^export const (\w+Codec)\b/gm).map(({ name }) => name)
    const known = new Set([...there, ...codecs])
    const gone = decoders
      .flatMap(({ covers }) => covers)
      .filter((name) => !known.has(name) && !name.startsWith('STATE_ENTRIES.'))
    assert.deepEqual(gone, [])
  })

  test('has one decoder of each name', () => {
    const names = decoders.map(({ name }) => name)
    assert.equal(new Set(names).size, names.length)
  })
})
