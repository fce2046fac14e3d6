import { useSymbolicSignatures } from './use-symbolic-signatures.js'

useSymbolicSignatures()
const { setupOf } = await import('./setup.js')
const { simulate } = await import('./simulate.js')

const [first, last, steps] = process.argv.slice(2).map(Number)
let all = 0
const began = performance.now()
for (let seed = first ?? 1; seed <= (last ?? 1); seed++) {
  const setup = setupOf(seed)
  const { violation, events, virtualMs, traceHash, world } = await simulate({ setup, steps: steps ?? 1000 })
  all += events
  const counts: Record<string, number> = {}
  for (const { status } of world.hub.records.payments.values())
    counts[status] = (counts[status] ?? 0) + 1
  console.log(seed, events, virtualMs, traceHash.slice(0, 8), setup.isHubHonest, setup.liars.join(), setup.isNetworkWild, world.books.orders.length, JSON.stringify(counts), world.openChannels())
  if (violation !== undefined) console.log(violation.stack, violation.cause)
}
console.log(Math.round((1000 * all) / (performance.now() - began)), 'per second')
