import { once } from 'node:events'
import { stdin } from 'node:process'
import { CommandError } from '@tallystick/daemon'
import { type Mnemonic, parseMnemonic } from '@tallystick/protocol'
import { askPerson, isSomebodyThere } from './ask-person.js'

/** More than 24 words are long. */
const CHARACTERS_MAX = 1_024
const ATTEMPTS = 3
/** Milliseconds within which whoever hands words to a command that needs none has begun to. */
const SILENCE_MS = 2_000

const INVALID =
  'those are no BIP-39 words: 12 to 24 of the English list with a right checksum are due'

/**
 * The words of a wallet that was lost, from whoever types them in, or from standard input: never from an
 * option, where others on the machine could read them. Throws `words_invalid`, never showing them.
 */
export async function readWords(): Promise<Mnemonic> {
  if (!isSomebodyThere()) return wordsIn(await readInput())
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const typed = await askPerson('The words of the wallet, blanks between: ')
    if (typed === undefined) break
    const words = parseMnemonic(typed.slice(0, CHARACTERS_MAX))
    if (words !== undefined) return words
    process.stderr.write(
      'Those are not all of them, or one is mistyped: the checksum does not fit.\n',
    )
  }
  throw new CommandError('words_invalid', INVALID)
}

/**
 * The words that somebody hands on standard input to a command that has its words already; `undefined`: a person is
 * there, the input is empty, or it stays silent, as that of a program does which means to say nothing. Throws
 * `words_invalid`, never showing them.
 */
export async function offeredWords(): Promise<Mnemonic | undefined> {
  if (isSomebodyThere() || !(await isInputThere())) return undefined
  const text = await readInput()
  return text.trim() === '' ? undefined : wordsIn(text)
}

/** Whether anything is said, or the end of it, before long; else nobody listens any more. */
async function isInputThere(): Promise<boolean> {
  try {
    await once(stdin, 'readable', { signal: AbortSignal.timeout(SILENCE_MS) })
    return true
  } catch {
    stdin.destroy()
    return false
  }
}

function wordsIn(text: string): Mnemonic {
  const words = parseMnemonic(text)
  if (words === undefined) throw new CommandError('words_invalid', INVALID)
  return words
}

async function readInput(): Promise<string> {
  let text = ''
  for await (const chunk of stdin.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > CHARACTERS_MAX) break
  }
  return text.slice(0, CHARACTERS_MAX)
}
