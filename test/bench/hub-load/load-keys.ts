import { type Signer, signerFromSeed } from '@tallystick/protocol'

/** What a client of a load goes by (its sessions), by its number. */
export function identityOf(client: number): Signer {
  return signerOf(0x11, client)
}

/** The key of its channel. */
export function channelKeyOf(client: number): Signer {
  return signerOf(0x12, client)
}

function signerOf(purpose: number, client: number): Signer {
  const seed = new Uint8Array(32).fill(purpose)
  new DataView(seed.buffer).setUint32(0, client)
  return signerFromSeed(seed)
}
