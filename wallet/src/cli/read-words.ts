import { stdin } from 'node:process'
import { CommandError } from '@tallystick/daemon'
import { type Mnemonic, parseMnemonic } from '@tallystick/protocol'
import { askPerson, isSomebodyThere } from './ask-person.js'

/** More than 24 words are long. */
const CHARACTERS_MAX = 1_024
const ATTEMPTS = 3

/**
 * The words of a wallet that was lost, from whoever types them in, or from standard input: never from an
 * option, where others on the machine could read them. Throws `words_invalid`, never showing them.
 */
export async function readWords(): Promise<Mnemonic> {
  const invalid = new CommandError(
    'words_invalid',
    'those are no BIP-39 words: 12 to 24 of the English list with a right checksum are due',
  )
  if (!isSomebodyThere()) {
    const words = parseMnemonic(await readInput())
    if (words === undefined) throw invalid
    return words
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const typed = await askPerson('The words of the wallet, blanks between: ')
    if (typed === undefined) break
    const words = parseMnemonic(typed.slice(0, CHARACTERS_MAX))
    if (words !== undefined) return words
    process.stderr.write(
      'Those are not all of them, or one is mistyped: the checksum does not fit.\n',
    )
  }
  throw invalid
}

async function readInput(): Promise<string> {
  let text = ''
  for await (const chunk of stdin.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > CHARACTERS_MAX) break
  }
  return text.slice(0, CHARACTERS_MAX)
}
