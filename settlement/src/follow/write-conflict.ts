import { join } from 'node:path'
import { blockHeaderCodec, certificateCodec, encode, toHex } from '@tallystick/protocol'
import { writeDurableFile } from '../durable-file.js'
import type { Conflict } from '../node/find-conflict.js'

/** Keeps the evidence of a conflict in a folder, for whoever is to be shown it; where it is then. */
export async function writeConflict(dataDir: string, conflict: Conflict): Promise<string> {
  const { height, ours, theirs } = conflict
  const path = join(dataDir, `conflict-${height}.json`)
  const blocks = [ours, theirs].map(({ id, header, certificate }) => ({
    block_id: id,
    header: toHex(encode(blockHeaderCodec, header)),
    certificate: toHex(encode(certificateCodec, certificate)),
  }))
  const evidence = { chain_id: ours.header.chainId, height, blocks }
  await writeDurableFile(path, `${JSON.stringify(evidence, undefined, 2)}\n`, 0o644)
  return path
}
