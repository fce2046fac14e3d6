import {
  assetIdCodec,
  type ChainId,
  chainIdCodec,
  channelIdCodec,
  channelNumberCodec,
  concatBytes,
  type Decoded,
  decode,
  encode,
  equalBytes,
  integer,
  isRejection,
  list,
  type OperationOf,
  type Rejection,
  reject,
  sha256,
  struct,
  type Transaction,
  timestampCodec,
  transactionCodec,
  utf8,
} from '@tallystick/protocol'
import { channelFee, channelFeeTransactionPaying } from '../ledger/channel-fee-transaction.js'
import { type LeavingParty, leavingPlan } from './way-out.js'

/** What every bundle begins with, its version in the last byte: other versions are refused by name. */
const MAGIC = utf8('tallystick exit bundle ')
const VERSION = utf8('1\n')
/** SHA-256 of all that is before it, at the end: it finds damage, and is no signature. */
const CHECKSUM_BYTES = 32
/** Fees that a force close is signed with, each twice the one before, up to the reserve. */
const FEES_MAX = 12
/** Channels of one wallet. */
const CHANNELS_MAX = 4_096

const bundleCodec = struct({
  chainId: chainIdCodec,
  /** The newest block that the wallet had seen, and its ledger time. */
  height: integer(2 ** 48),
  time: timestampCodec,
  exits: list(
    struct({
      channel: channelIdCodec,
      number: channelNumberCodec,
      asset: assetIdCodec,
      /** The same unsure force close, signed with rising fees. */
      transactions: list(transactionCodec, FEES_MAX, 1),
    }),
    CHANNELS_MAX,
  ),
})

/**
 * What brings a client's money home without its words, its store and its hub: for each channel a
 * force close that is signed already. It is unsure (DSP-9): so one that has become old costs no
 * penalty, ever, whatever was signed after it.
 */
export type ExitBundle = Decoded<typeof bundleCodec>
export type BundledExit = ExitBundle['exits'][number]

/** The signed ways out of one channel: `leaving` is unsure. */
export function bundleExit(leaving: LeavingParty): BundledExit | Rejection {
  const { ledger } = leaving.party
  const plan = leavingPlan({ ...leaving, unsure: true })
  const transactions: Transaction[] = []
  for (const fee of risingFees(channelFee(plan), leaving)) {
    const built = channelFeeTransactionPaying(plan, fee)
    if (isRejection(built)) return built
    transactions.push(built.transaction)
  }
  const { id: channel, number, asset } = ledger
  return { channel, number, asset, transactions }
}

/** From the fee that is due now to all that the reserve leaves: fees may rise before it is needed. */
function risingFees(least: bigint, { party: { ledger, role } }: LeavingParty): bigint[] {
  const most = ledger.terms.exitReserve - ledger[role].feesPaid
  const fees = [least]
  for (let fee = 2n * least; fee <= most && fees.length < FEES_MAX; fee *= 2n) fees.push(fee)
  return fees
}

/** The bytes of a bundle as a file holds them. */
export function encodeExitBundle(bundle: ExitBundle): Uint8Array {
  const content = concatBytes(MAGIC, VERSION, encode(bundleCodec, bundle))
  return concatBytes(content, sha256(content))
}

/** A bundle out of a file, whole and of `chainId` if that is given. */
export function parseExitBundle(
  bytes: Uint8Array,
  chainId?: ChainId,
): ExitBundle | Rejection<'bundle_damaged' | 'bundle_version' | 'wrong_chain'> {
  const head = bytes.subarray(0, MAGIC.length)
  if (!equalBytes(head, MAGIC)) return damaged('it does not begin as an exit bundle does')
  const start = MAGIC.length + VERSION.length
  if (!equalBytes(bytes.subarray(MAGIC.length, start), VERSION)) {
    return reject('bundle_version', 'the exit bundle is of a version that this program cannot read')
  }
  const end = bytes.length - CHECKSUM_BYTES
  if (end < start || !equalBytes(sha256(bytes.subarray(0, end)), bytes.subarray(end))) {
    return damaged('its checksum does not fit: bytes of it are changed or missing')
  }
  const bundle = decode(bundleCodec, bytes.subarray(start, end))
  if (isRejection(bundle)) return damaged('its content is not what such a bundle holds')
  for (const { number, transactions } of bundle.exits) {
    if (!transactions.every((transaction) => isUnsureExit(transaction, number))) {
      return damaged(`what it holds of channel ${number} is no unsure force close`)
    }
  }
  if (chainId === undefined || bundle.chainId === chainId) return bundle
  return reject('wrong_chain', `the exit bundle is of chain ${bundle.chainId}, not of ${chainId}`)
}

/** The force close in a bundled transaction. */
export function bundledForceClose({ body }: Transaction): OperationOf<'forceClose'> | undefined {
  const [operation] = body.operations
  return operation?.kind === 'forceClose' ? operation : undefined
}

/** What a bundled transaction takes out of the channel, base units. */
export function bundledFee({ body }: Transaction): bigint {
  const [, payFee] = body.operations
  return payFee?.kind === 'payFee' ? payFee.amount : 0n
}

/** Nothing else may be handed in for somebody who trusts the file, least of all a sure force close. */
function isUnsureExit(transaction: Transaction, number: number): boolean {
  const { inputs, outputs, operations } = transaction.body
  const [, payFee] = operations
  const forceClose = bundledForceClose(transaction)
  return (
    inputs.length + outputs.length === 0 &&
    operations.length === 2 &&
    forceClose?.channel === number &&
    forceClose.by === 'client' &&
    forceClose.unsure &&
    payFee?.kind === 'payFee' &&
    payFee.channel === number &&
    payFee.role === 'client'
  )
}

function damaged(why: string): Rejection<'bundle_damaged'> {
  return reject('bundle_damaged', `the exit bundle cannot be used: ${why}`)
}
