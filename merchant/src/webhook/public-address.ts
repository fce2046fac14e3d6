import { BlockList, isIP } from 'node:net'

/** Networks that are nobody's on the internet, or somebody's at home: RFC 6890 and its successors. */
const PRIVATE_IPV4: readonly (readonly [network: string, prefix: number])[] = [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
  ] as const),
  ...([
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
  ] as const),
  ...([
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
  ] as const),
  ...([
    // Every machine at Azure has its keeper there: not of the internet, whatever the registries say.
    ['168.63.129.16', 32],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as const),
]
/** Inside of what is handed out of IPv6: addresses that stand for IPv4 ones, and examples. */
const PRIVATE_IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ...([
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['3fff::', 20],
  ] as const),
]

const refused = new BlockList()
for (const [network, prefix] of PRIVATE_IPV4) refused.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of PRIVATE_IPV6) refused.addSubnet(network, prefix, 'ipv6')
/** All that is handed out of IPv6; what is mapped or translated from IPv4 lies outside. */
const global = new BlockList()
global.addSubnet('2000::', 3, 'ipv6')

/** Whether an address is one of the public internet (HOOK-3). */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refused.check(address, 'ipv4')
    case 6:
      return global.check(address, 'ipv6') && !refused.check(address, 'ipv6')
    default:
      return false
  }
}
