import { type Codec, encode } from '../codec/codec.js'
import { equalBytes } from '../primitives/bytes.js'
import { type Entrusted, entrustedCodec } from './entrusted.js'
import { compareVersions, type LaneVersion, laneStateCodec } from './lane-state.js'
import { resumePointCodec } from './resume.js'

/**
 * How one `Entrusted` stands to another of the same channel and owner (TOWER-3). `newer`: nothing of
 * it is older, and something is newer, or its appointment or evidence is another. `same`: byte for
 * byte. `older`: something of it is. `contradicting`: of one number it says something else.
 */
export type EntrustedOrder = 'newer' | 'same' | 'older' | 'contradicting'

/**
 * How `offered` stands to `held`. What is ordered: the other side's proof and the own lane, each by
 * (epoch, version), and the resume by its epoch; one that is absent is older than any.
 */
export function compareEntrusted(held: Entrusted, offered: Entrusted): EntrustedOrder {
  const orders = [
    compareParts(laneStateCodec, held.proof?.lane, offered.proof?.lane),
    compareParts(laneStateCodec, held.own?.lane, offered.own?.lane),
    compareParts(resumePointCodec, held.resume?.point, offered.resume?.point),
  ]
  for (const order of ['older', 'contradicting'] as const) if (orders.includes(order)) return order
  const [before, after] = [encode(entrustedCodec, held), encode(entrustedCodec, offered)]
  return equalBytes(before, after) ? 'same' : 'newer'
}

function compareParts<Part extends LaneVersion>(
  codec: Codec<Part>,
  held: Part | undefined,
  offered: Part | undefined,
): EntrustedOrder {
  if (held === undefined) return offered === undefined ? 'same' : 'newer'
  if (offered === undefined) return 'older'
  const order = compareVersions(offered, held)
  if (order !== 0) return order > 0 ? 'newer' : 'older'
  return equalBytes(encode(codec, held), encode(codec, offered)) ? 'same' : 'contradicting'
}
