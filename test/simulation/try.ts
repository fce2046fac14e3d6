import { useSymbolicSignatures } from './use-symbolic-signatures.js'

useSymbolicSignatures()
const { setupOf } = await import('./setup.js')
const { simulate } = await import('./simulate.js')

const [first, last, steps] = process.argv.slice(2).map(Number)
let all = 0
const began = performance.now()
for (let seed = first ?? 1; seed <= (last ?? 1); seed++) {
  const setup = setupOf(seed)
  const { violation, events, virtualMs, traceHash, world } = await simulate({
    setup,
    steps: steps ?? 1000,
  })
  all += events
  const counts: Record<string, number> = {}
  for (const { status } of world.hub.records.payments.values())
    counts[status] = (counts[status] ?? 0) + 1
  console.log(
    seed,
    events,
    virtualMs,
    traceHash.slice(0, 8),
    setup.isHubHonest,
    setup.liars.join(),
    setup.isNetworkWild,
    world.books.orders.length,
    JSON.stringify(counts),
  )
  if (violation?.invariant === 'INV-14') {
    for (const [id, { party }] of world.hub.records.channels) {
      if (party.phase.kind === 'closed') continue
      console.log(
        'hub',
        id.slice(0, 6),
        party.ledger.number,
        party.phase.kind,
        party.ledger.status.kind,
        party.own.items.length,
        party.peer.items.length,
        party.own.version,
        party.peer.version,
      )
    }
    for (const w of world.wallets.values())
      for (const { party, books } of w.wallet?.channels() ?? [])
        console.log(
          w.name,
          party.ledger.id.slice(0, 6),
          party.ledger.number,
          books,
          party.phase.kind,
          party.ledger.status.kind,
          party.own.items.length,
          party.peer.items.length,
          party.own.version,
          party.peer.version,
        )
    for (const { kind, value } of world.ledger.records.entries.values())
      if (kind === 'channel') {
        const c = (await import('@tallystick/protocol')).decodeTrusted(
          (await import('@tallystick/protocol')).STATE_ENTRIES.channel.value,
          value,
        )
        console.log('ledger', c.number, c.status)
      }
    console.log(
      world.ledger.blocks.at(-1)?.header.time,
      world.ledger.isUp,
      world.hub.isUp,
      [...world.wallets.values()].map(({ isUp, wallet }) => [isUp, wallet !== undefined]).join(),
    )
  }
  if (violation?.invariant === 'INV-4') {
    const key = /order \d+/.exec(violation.message)?.[0]
    const order = world.books.orders.find((o) => o.key === key)
    if (order && key) {
      const p = await world.wallet(order.payer).wallet?.paymentOf(key)
      console.log(
        order.payer,
        order.payee,
        p,
        await world.wallet(order.payee).wallet?.invoice(order.anchor),
        world.hub.records.payments.get(order.anchor),
      )
      const party = world.hub.records.channels.get(p?.channel as never)?.party
      const own = world
        .wallet(order.payer)
        .wallet?.allChannels()
        .find((c) => c.party.ledger.id === p?.channel)?.party
      console.log('hub party', party?.phase, party?.ledger.status, party?.own, party?.peer)
      console.log('payer party', own?.phase, own?.ledger.status, own?.own, own?.peer)
    }
  }
  if (violation?.invariant === 'INV-7') {
    const { decodeTrusted, STATE_ENTRIES, balanceOf } = await import('@tallystick/protocol')
    for (const [, { party }] of world.hub.records.channels)
      console.log(
        'hub',
        party.ledger.number,
        party.phase.kind,
        party.ledger.hub.deposited,
        party.ledger.client.deposited,
        'bal',
        balanceOf(party),
        party.ledger.status.kind === 'closing'
          ? JSON.stringify({ ...party.ledger.status, asserted: 0, chosen: 0 }, (k, v) =>
              typeof v === 'bigint' ? String(v) : k === 'items' ? v.length : v,
            )
          : 'open',
        party.own.transferred,
        party.own.items.length,
        party.peer.transferred,
        party.peer.items.length,
        party.own.version,
        party.peer.version,
      )
    for (const { kind, value } of world.ledger.records.entries.values())
      if (kind === 'channel') console.log(decodeTrusted(STATE_ENTRIES.channel.value, value))
    console.log(
      [...world.hub.records.payments.values()].filter(({ status }) => status !== 'settled'),
    )
  }
  if (violation !== undefined) console.log('FAIL', seed, violation.stack, violation.cause)
}
console.log(Math.round((1000 * all) / (performance.now() - began)), 'per second')
