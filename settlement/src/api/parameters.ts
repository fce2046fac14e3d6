import {
  type Anchor,
  ASSETS_MAX,
  COUNTER_MAX,
  fromHex,
  type LockRoot,
  type PublicKey,
  type TxId,
} from '@tallystick/protocol'
import { z } from 'zod'
import { PAGE_ITEMS_MAX } from '../limits.js'

const hash = z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits are due')
const branded = <Id extends string>() => hash.transform((hex) => hex as Id)
/** Digits without a leading zero, so that every resource has one address. */
const whole = (max: number) =>
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,15})$/, 'a whole number is due')
    .transform(Number)
    .refine((value) => value <= max, `at most ${max}`)
const counter = whole(COUNTER_MAX)
const limit = whole(PAGE_ITEMS_MAX)
  .refine((value) => value > 0, 'at least 1')
  .prefault(`${PAGE_ITEMS_MAX}`)
const page = { cursor: hash.transform(fromHex).optional(), limit }
/** Pages of transactions go on behind a place: height, a hyphen, position in the block. */
const places = {
  cursor: z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,14})-(?:0|[1-9][0-9]{0,4})$/, 'HEIGHT-POSITION is due')
    .transform((place) => {
      const [height, position] = place.split('-')
      return { height: Number(height), position: Number(position) }
    })
    .optional(),
  limit,
}

/** What each address of the API may be asked with; anything else is `bad_request`. */
export const PARAMETERS = {
  none: z.strictObject({}),
  height: z.strictObject({ height: counter }),
  /** `from` asks for that height and those above, `cursor` for those below, newest first. */
  blocks: z
    .strictObject({ from: counter.optional(), cursor: counter.optional(), limit })
    .refine(({ from, cursor }) => from === undefined || cursor === undefined, 'one of the two'),
  parameterChanges: z.strictObject({ from: counter.default(0), limit }),
  blockTransactions: z.strictObject({ height: counter, ...places }),
  transaction: z.strictObject({ id: branded<TxId>() }),
  asset: z.strictObject({ id: whole(ASSETS_MAX - 1) }),
  coin: z.strictObject({ txId: branded<TxId>(), index: whole(2 ** 32 - 1) }),
  channel: z.strictObject({ number: counter }),
  channelTransactions: z.strictObject({ number: counter, ...places }),
  reveal: z.strictObject({ anchor: branded<Anchor>() }),
  revealStep: z.strictObject({ anchor: branded<Anchor>(), step: counter }),
  coins: z.strictObject({ lock: branded<LockRoot>(), ...page }),
  channels: z.strictObject({ key: branded<PublicKey>(), ...page }),
  feed: z.strictObject({ from: counter.optional() }),
  /** The body of a submission; its length is bounded before it is read. */
  submission: z.strictObject({
    transaction: z.string().regex(/^(?:[0-9a-f]{2})+$/, 'lower-case hex of whole bytes is due'),
  }),
} as const

/** What is wrong with a request, in one bounded line. */
export function complaint(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.map(String).join('.') || 'request'}: ${message}`)
    .join('; ')
    .slice(0, 500)
}
