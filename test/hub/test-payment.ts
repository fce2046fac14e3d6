import { type Anchor, amount, type ChannelId, type ItemId, timestamp } from '@tallystick/protocol'
import type { Payment, PaymentPart, PaymentStatus } from '#hub/core/payment.js'

/** A payment of one tick that came by one item. */
export function testPayment(
  anchor: Anchor,
  status: PaymentStatus,
  { time = 0, ...change }: Partial<PaymentPart> & { readonly time?: number } = {},
): Payment {
  const shown = status === 'claimed' || status === 'settled' ? 1 : 0
  const part = {
    fromChannel: '11'.repeat(32) as ChannelId,
    fromItem: '22'.repeat(16) as ItemId,
    toChannel: '33'.repeat(32) as ChannelId,
    toItem: '44'.repeat(16) as ItemId,
    amount: amount(1n),
    fee: amount(0n),
    ticks: 1,
    shown,
    paid: status === 'settled' ? 1 : 0,
    isOver: status !== 'pending',
    ...change,
  }
  return { anchor, status, time: timestamp(time), parts: [part] }
}
