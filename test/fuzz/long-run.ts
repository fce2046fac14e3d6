import { fromHex } from '@tallystick/protocol'
import type { Decoder } from './decoder.js'
import { allDecoders } from './decoders.js'
import { type Failure, fuzzDecoder, problemOf } from './fuzz-decoder.js'

/*
 * The process behind `npm run fuzz` (scripts/fuzz.ts checks the arguments): seed, seconds, the name of
 * one decoder or nothing, one input in hex or nothing, `json` or nothing. Exit code 1: a failure.
 */

/** Small, so that a run of seconds comes round to every decoder. */
const BUDGET = { samples: 5, mutants: 60 }

const [seedText = '', secondsText = '', name = '', inputHex = '', form = ''] = process.argv.slice(2)
const asked = (await allDecoders()).filter((decoder) => name === '' || decoder.name === name)
if (asked.length === 0) {
  const names = (await allDecoders()).map((decoder) => decoder.name)
  process.stderr.write(`fuzz: there is no decoder ${name}; there are ${names.join(', ')}\n`)
  process.exit(2)
}
const [only] = asked
if (inputHex !== '' && only !== undefined) await replay(only, fromHex(inputHex))
else await run(asked, Number(seedText), Number(secondsText))

async function replay(decoder: Decoder, input: Uint8Array): Promise<void> {
  const problem = await problemOf(decoder, input)
  if (form === 'json') print({ decoder: decoder.name, problem: problem ?? null })
  else print(`${decoder.name}: ${problem ?? 'the input breaks no rule'}`)
  process.exitCode = problem === undefined ? 0 : 1
}

/** Round after round with another seed each, until the time is over; a failing decoder rests. */
async function run(decoders: readonly Decoder[], seed: number, seconds: number): Promise<void> {
  const end = performance.now() + 1_000 * seconds
  const tallies = new Map<string, { inputs: number; accepted: number }>()
  const failures = new Map<string, Failure>()
  let rounds = 0
  for (; rounds === 0 || performance.now() < end; rounds++) {
    for (const decoder of decoders) {
      if (failures.has(decoder.name) || (rounds > 0 && performance.now() >= end)) continue
      const outcome = await fuzzDecoder(decoder, seed + rounds, BUDGET)
      if (outcome.kind === 'failure') {
        failures.set(decoder.name, outcome)
        if (form !== 'json') print(described(outcome))
        continue
      }
      const before = tallies.get(decoder.name) ?? { inputs: 0, accepted: 0 }
      const { inputs, accepted } = outcome
      tallies.set(decoder.name, {
        inputs: before.inputs + inputs,
        accepted: before.accepted + accepted,
      })
    }
    if (form !== 'json' && process.stderr.isTTY) process.stderr.write(`round ${rounds + 1}\r`)
  }
  const inputs = [...tallies.values()].reduce((sum, tally) => sum + tally.inputs, 0)
  if (form === 'json') {
    const decoded = Object.fromEntries(tallies)
    print({ seed, rounds, inputs, failures: [...failures.values()], decoders: decoded })
  } else {
    print(`seed ${seed}: ${inputs} inputs for ${decoders.length} decoders, ${failures.size} failed`)
  }
  process.exitCode = failures.size === 0 ? 0 : 1
}

function described({ decoder, seed: at, problem, inputText, inputHex: hex }: Failure): string {
  const again = `npm run fuzz -- --decoder '${decoder}' --input ${hex}`
  return `${decoder}: ${problem}\n  seed ${at}, input ${inputText}\n  ${again}`
}

function print(said: string | object): void {
  process.stdout.write(`${typeof said === 'string' ? said : JSON.stringify(said)}\n`)
}
