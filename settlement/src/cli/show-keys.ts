import { printFacts } from '@tallystick/daemon'
import { keyLock, lockRoot } from '@tallystick/protocol'
import { coinSigner, createKeyFile, readKeyFile } from './key-file.js'

export type KeysOptions = { readonly make?: true; readonly words?: true; readonly json?: true }

/** `ledger keys`: where a wallet is paid. The words are shown only to who asks for them. */
export async function showKeys(file: string, { make, words, json }: KeysOptions): Promise<void> {
  const mnemonic = make ? await createKeyFile(file) : await readKeyFile(file)
  const { publicKey } = coinSigner(mnemonic)
  const lock = lockRoot(keyLock(publicKey))
  const shown = words ? { words: mnemonic } : {}
  const text = [`key   ${publicKey}`, `lock  ${lock}`, ...(words ? [`words ${mnemonic}`] : [])]
  printFacts(json, { public_key: publicKey, lock, ...shown }, text.join('\n'))
}
