import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { scryptAsync } from '@noble/hashes/scrypt.js'
import { type Mnemonic, parseMnemonic, utf8 } from '@tallystick/protocol'
import { StoreFault } from '../store/store-fault.js'
import { WalletError } from '../wallet-error.js'

/**
 * What stands between a passphrase and a wallet in a browser (WEB-2): the key of the store, wrapped with a key that
 * scrypt makes of the passphrase, and the words, sealed with the key of the store.
 */
export type Vault = {
  readonly format: typeof VAULT_FORMAT
  /** 32 hex digits, random: what is sealed for one vault opens in no other. */
  readonly id: string
  readonly scrypt: ScryptCost
  readonly salt: Uint8Array
  /** A nonce and the wrapped key. */
  readonly wrappedKey: Uint8Array
  /** A nonce and the sealed words. */
  readonly sealedWords: Uint8Array
}
type ScryptCost = { readonly n: number; readonly r: number; readonly p: number }

/** An opened vault: the 32-byte key of the store, and the words. */
export type Opened = { readonly key: Uint8Array; readonly words: Mnemonic }

const VAULT_FORMAT = 1
/** Of OWASP's equally strong settings the one with the least memory, 32 MiB: phones have to do it, too. */
const SCRYPT_COST: ScryptCost = { n: 32_768, r: 8, p: 3 }
/** What a stored vault may ask for: 1 GiB, and a minute of a slow phone. */
const SCRYPT_BYTES_MAX = 2 ** 30
const SCRYPT_PASSES_MAX = 16
const SALT_BYTES = 16
const KEY_BYTES = 32
const NONCE_BYTES = 24
const PASSPHRASE_CHARACTERS_MIN = 8
const PASSPHRASE_BYTES_MAX = 1_024

/** A vault for new words and a new key. Errors: `passphrase_invalid`. */
export async function makeVault(
  passphrase: unknown,
  words: Mnemonic,
): Promise<{ readonly vault: Vault; readonly opened: Opened }> {
  const key = randomBytes(KEY_BYTES)
  const id = [...randomBytes(16)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const sealedWords = sealBox(key, utf8(words), `words ${id}`)
  const vault = await wrapped({ id, sealedWords }, newPassphrase(passphrase), key)
  return { vault, opened: { key, words } }
}

/** Opens a vault. Errors: `passphrase_wrong`, also where the wrapped key is damaged: nobody can tell. */
export async function openVault(vault: Vault, passphrase: unknown): Promise<Opened> {
  if (typeof passphrase !== 'string') throw wrongPassphrase()
  const wrapping = await keyOf(passphrase, vault)
  const key = openBox(wrapping, vault.wrappedKey, wrapName(vault))
  if (key === undefined) throw wrongPassphrase()
  const sealed = openBox(key, vault.sealedWords, `words ${vault.id}`)
  const words = sealed && parseMnemonic(new TextDecoder().decode(sealed))
  if (words === undefined) throw damagedVault()
  return { key, words }
}

/** The same vault for another passphrase. Errors: `passphrase_invalid`. */
export function rewrapVault(vault: Vault, { key }: Opened, passphrase: unknown): Promise<Vault> {
  return wrapped(vault, newPassphrase(passphrase), key)
}

/** What a browser keeps as a vault. Throws `store_corrupt`, `store_version`. */
export function parseVault(stored: unknown): Vault {
  const { format, id, scrypt, salt, wrappedKey, sealedWords } = recordOf(stored)
  if (format !== VAULT_FORMAT) {
    const detail = `the wallet in this browser has a vault of format ${String(format)}, not ${VAULT_FORMAT}`
    throw new StoreFault('store_version', detail)
  }
  const { n, r, p } = recordOf(scrypt)
  if (
    typeof id === 'string' &&
    /^[0-9a-f]{32}$/.test(id) &&
    isWhole(n, 2 ** 24) &&
    Number.isInteger(Math.log2(n)) &&
    isWhole(r, 64) &&
    isWhole(p, SCRYPT_PASSES_MAX) &&
    128 * n * r <= SCRYPT_BYTES_MAX &&
    salt instanceof Uint8Array &&
    salt.length === SALT_BYTES &&
    wrappedKey instanceof Uint8Array &&
    sealedWords instanceof Uint8Array
  ) {
    return { format, id, scrypt: { n, r, p }, salt, wrappedKey, sealedWords }
  }
  throw damagedVault()
}

/** A nonce and what it seals, for nobody who has not the key or takes it for something else. */
export function sealBox(key: Uint8Array, plain: Uint8Array, name: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  const sealed = xchacha20poly1305(key, nonce, utf8(name)).encrypt(plain)
  const box = new Uint8Array(NONCE_BYTES + sealed.length)
  box.set(nonce)
  box.set(sealed, NONCE_BYTES)
  return box
}

/** What is in a box; `undefined`: it was sealed with another key, under another name, or is damaged. */
export function openBox(key: Uint8Array, box: Uint8Array, name: string): Uint8Array | undefined {
  try {
    const nonce = box.subarray(0, NONCE_BYTES)
    return xchacha20poly1305(key, nonce, utf8(name)).decrypt(box.subarray(NONCE_BYTES))
  } catch {
    // The cipher has no other way to say so.
    return undefined
  }
}

async function wrapped(
  { id, sealedWords }: Pick<Vault, 'id' | 'sealedWords'>,
  passphrase: string,
  key: Uint8Array,
): Promise<Vault> {
  const settings = { id, scrypt: SCRYPT_COST, salt: randomBytes(SALT_BYTES) }
  const wrappedKey = sealBox(await keyOf(passphrase, settings), key, wrapName(settings))
  return { format: VAULT_FORMAT, ...settings, wrappedKey, sealedWords }
}

function keyOf(
  passphrase: string,
  { salt, scrypt: { n, r, p } }: Pick<Vault, 'salt' | 'scrypt'>,
): Promise<Uint8Array> {
  const cost = { N: n, r, p, dkLen: KEY_BYTES, maxmem: 2 * SCRYPT_BYTES_MAX }
  // The same passphrase from another keyboard may come as other code points.
  return scryptAsync(utf8(passphrase.normalize('NFKC')), salt, cost)
}

function wrapName({ id, scrypt: { n, r, p } }: Pick<Vault, 'id' | 'scrypt'>): string {
  return `key ${VAULT_FORMAT} ${id} scrypt ${n} ${r} ${p}`
}

function newPassphrase(passphrase: unknown): string {
  const isFit =
    typeof passphrase === 'string' &&
    passphrase.isWellFormed() &&
    [...passphrase].length >= PASSPHRASE_CHARACTERS_MIN &&
    utf8(passphrase).length <= PASSPHRASE_BYTES_MAX
  if (isFit) return passphrase
  throw new WalletError(
    'passphrase_invalid',
    `a passphrase has at least ${PASSPHRASE_CHARACTERS_MIN} characters, and at most ${PASSPHRASE_BYTES_MAX} bytes`,
  )
}

function wrongPassphrase(): WalletError {
  return new WalletError('passphrase_wrong', 'this passphrase does not open the wallet')
}

function damagedVault(): StoreFault {
  const detail = "the wallet's key in this browser is damaged: restore the wallet from its words"
  return new StoreFault('store_corrupt', detail)
}

function recordOf(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function isWhole(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max
}

function randomBytes(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length))
}
