import { parseValue } from '../wallet/parse-arguments.js'
import { WalletError } from '../wallet-error.js'

/**
 * What `requirePayment` is handed may come from plain JavaScript: it fails where it is set up, not at the first
 * request. Errors: `amount_invalid`, `argument_invalid`.
 */
export function checkPaymentOptions(options: unknown): void {
  const { price, unit, inbound, answersMax, answerBytesMax, l402 } = fieldsOf(
    options,
    'the options',
  )
  parseValue(price, 'price')
  if (unit !== undefined) parseValue(unit, 'unit')
  if (inbound !== undefined && inbound !== 0n) parseValue(inbound, 'inbound')
  requireCount(answersMax, 'answersMax')
  requireCount(answerBytesMax, 'answerBytesMax')
  if (l402 === undefined) return
  const invoices = fieldsOf(l402, 'l402')
  parseValue(invoices['price'], 'l402.price')
  if (invoices['seconds'] === undefined) {
    throw new WalletError('argument_invalid', 'l402.seconds says how long a paid invoice lets in')
  }
  requireCount(invoices['seconds'], 'l402.seconds')
  requireCount(invoices['perMinute'], 'l402.perMinute')
  const { route } = invoices
  if (route !== undefined && typeof route !== 'string') {
    throw new WalletError('argument_invalid', 'l402.route is a string')
  }
}

function fieldsOf(value: unknown, name: string): { readonly [name: string]: unknown } {
  if (typeof value === 'object' && value !== null) return { ...value }
  throw new WalletError('argument_invalid', `${name} are an object: { price: 10n } at least`)
}

function requireCount(value: unknown, name: string): void {
  const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value > 0
  if (value === undefined || isCount) return
  throw new WalletError('argument_invalid', `${name} is a whole number above 0`)
}
