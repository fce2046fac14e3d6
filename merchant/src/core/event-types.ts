/** Every type of event that there is. */
export const EVENT_TYPES = [
  ...(['invoice.held', 'invoice.paid', 'invoice.expired', 'invoice.cancelled'] as const),
  ...(['payment.paid', 'payment.failed', 'payment.unknown'] as const),
  ...(['refund.paid', 'refund.failed', 'refund.unknown'] as const),
  ...(['payout.paid', 'payout.failed', 'payout.unknown'] as const),
  ...(['offer.withdrawn', 'stream.closed'] as const),
  ...(['channel.opened', 'channel.closing', 'channel.closed'] as const),
] as const
