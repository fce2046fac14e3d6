import type { ChannelId, Timestamp } from '@tallystick/protocol'
import type { PaymentPart, PaymentRecord } from '#client-sdk/wallet/wallet-records.js'

/** A payment of one part that was just begun. */
export function pendingPayment({
  channel,
  ...payment
}: Pick<PaymentRecord, 'payee' | 'anchor'> &
  Pick<PaymentPart, 'id' | 'amount' | 'fee'> & {
    readonly channel: ChannelId
    readonly time: Timestamp
  }): PaymentRecord {
  const { id, amount, fee, time } = payment
  return {
    ...payment,
    order: 0,
    description: { kind: 'text', text: '' },
    text: '',
    status: 'pending',
    parts: [{ id, channel, amount, fee, status: 'pending' }],
    preimage: undefined,
    code: '',
    created: time,
    refundOf: undefined,
  }
}
