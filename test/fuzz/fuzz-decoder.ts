import { toHex } from '@tallystick/protocol'
import { Dice } from '../protocol/test-channel.js'
import { type Decoder, textOf, type Verdict } from './decoder.js'
import { mutate } from './mutate.js'

/** An input that breaks a rule, as small as it could be made. */
export type Failure = {
  readonly kind: 'failure'
  readonly decoder: string
  readonly seed: number
  /** For `npm run fuzz -- --decoder NAME --input HEX`. */
  readonly inputHex: string
  readonly inputText: string
  readonly problem: string
}
export type Tally = {
  readonly kind: 'tally'
  readonly decoder: string
  readonly inputs: number
  /** Of the injured inputs only. */
  readonly accepted: number
}

/** Valid inputs, and injured ones that are made of each. */
export type Budget = { readonly samples: number; readonly mutants: number }

/** Throws of the dice for one valid input; where relations of fields are rare, most are no hit. */
const VALID_TRIES = 2_000
/** No input is longer than some 100 kB; whoever takes much more memory for it believes a length. */
const ARRAY_BYTES_MAX = 64 * 2 ** 20
/** Inputs that the shrinking of a failure may try. */
const SHRINK_TRIES = 3_000

/** Tries one decoder on valid inputs, which it must take, and on injured ones. */
export async function fuzzDecoder(
  decoder: Decoder,
  seed: number,
  budget: Budget,
): Promise<Failure | Tally> {
  const dice = new Dice(seed)
  let [inputs, accepted] = [0, 0]
  let other: Uint8Array = new Uint8Array()
  for (let sample = 0; sample < budget.samples; sample++) {
    const input = validInput(decoder, dice)
    const refusal = await problemOf(decoder, input, 'accepted')
    if (refusal !== undefined) return failureOf(decoder, seed, input, refusal)
    inputs++
    for (let count = 0; count < budget.mutants; count++) {
      const mutant = count === 0 ? dice.bytes(dice.roll(200)) : mutate(input, other, dice)
      const verdict = await verdictOf(decoder, mutant)
      inputs++
      if (verdict === 'accepted') accepted++
      else if (verdict !== 'refused') {
        const shrunken = await shrink(decoder, mutant)
        const problem = (await problemOf(decoder, shrunken)) ?? verdict.problem
        return failureOf(decoder, seed, shrunken, problem)
      }
    }
    other = input
  }
  return { kind: 'tally', decoder: decoder.name, inputs, accepted }
}

/** What is wrong with how the decoder takes this input: `undefined` when nothing is. */
export async function problemOf(
  decoder: Decoder,
  input: Uint8Array,
  due?: Verdict,
): Promise<string | undefined> {
  const verdict = await verdictOf(decoder, input)
  if (typeof verdict !== 'string') return verdict.problem
  return due === undefined || verdict === due ? undefined : `the input is ${verdict}, not ${due}`
}

async function verdictOf(
  decoder: Decoder,
  input: Uint8Array,
): Promise<Verdict | { readonly problem: string }> {
  const before = process.memoryUsage().arrayBuffers
  try {
    const verdict = decoder.check(input)
    const settled = typeof verdict === 'string' ? verdict : await verdict
    const taken = process.memoryUsage().arrayBuffers - before
    return taken > ARRAY_BYTES_MAX
      ? { problem: `${taken} bytes of memory for an input of ${input.length}` }
      : settled
  } catch (error) {
    return { problem: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }
  }
}

function validInput(decoder: Decoder, dice: Dice): Uint8Array {
  for (let count = 0; count < VALID_TRIES; count++) {
    const input = decoder.valid(dice)
    if (input !== undefined) return input
  }
  throw new Error(`${decoder.name}: no valid input in ${VALID_TRIES} throws of the dice`)
}

/** Leaves out and then levels as much of a failing input as can be without losing the failure. */
async function shrink(decoder: Decoder, input: Uint8Array): Promise<Uint8Array> {
  let [smallest, tries] = [input, 0]
  const keep = async (candidate: Uint8Array) => {
    if (tries++ >= SHRINK_TRIES || (await problemOf(decoder, candidate)) === undefined) return false
    smallest = candidate
    return true
  }
  for (let length = input.length; length >= 1; length = Math.floor(length / 2)) {
    for (let at = 0; at < smallest.length; ) {
      const without = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + length)])
      if (!(await keep(new Uint8Array(without)))) at += length
    }
  }
  for (let at = 0; at < smallest.length; at++) {
    if (smallest[at] !== 0) await keep(smallest.with(at, 0))
  }
  return smallest
}

function failureOf({ name }: Decoder, seed: number, input: Uint8Array, problem: string): Failure {
  const [inputHex, inputText] = [toHex(input), JSON.stringify(textOf(input))]
  return { kind: 'failure', decoder: name, seed, inputHex, inputText, problem }
}
