/**
 * Whom an IP address counts as where there are bounds per address: an IPv4 address by itself, also one
 * that is mapped into IPv6; an IPv6 address by its first 64 bits, because whoever has one of them has
 * all. What is no address counts by its text.
 */
export function addressPrefix(address: string): string {
  const groups = ipv6Groups(address)
  if (groups === undefined) return address
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups
  const isMapped = a === 0 && b === 0 && c === 0 && d === 0 && e === 0 && f === 0xffff
  if (isMapped) return `${g >> 8}.${g & 255}.${h >> 8}.${h & 255}`
  return `${[a, b, c, d].map((group) => group.toString(16)).join(':')}::/64`
}

/** The eight numbers of an IPv6 address, whose zone says nothing about who it is. */
function ipv6Groups(address: string): readonly number[] | undefined {
  const [text = ''] = address.split('%', 1)
  const parts = withoutDots(text).split('::')
  const [left = [], right = []] = parts.map((part) => (part === '' ? [] : part.split(':')))
  const missing = 8 - left.length - right.length
  const isWhole = parts.length === 1 ? missing === 0 : parts.length === 2 && missing > 0
  const groups = [...left, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...right]
  const isHex = groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
  return isWhole && isHex ? groups.map((group) => Number.parseInt(group, 16)) : undefined
}

/** The last 32 bits may be written like an IPv4 address. */
function withoutDots(text: string): string {
  return text.replace(/:(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/, (_, ...bytes: string[]) => {
    const [a, b, c, d] = bytes.slice(0, 4).map((byte) => Number(byte).toString(16).padStart(2, '0'))
    return `:${a}${b}:${c}${d}`
  })
}

/** Whether a text is an IP address: four bytes with dots between them, or one of IPv6. */
export function isAddress(text: string): boolean {
  const bytes = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1)
  return bytes?.every((byte) => Number(byte) < 256) ?? ipv6Groups(text) !== undefined
}
