/** Base units as people of this page's language write money; nothing is rounded. */
export function money(units, { code, decimals }) {
  const digits = String(units).padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const decimal = decimals === 0 ? whole : `${whole}.${digits.slice(-decimals)}`
  const places = { minimumFractionDigits: Math.min(2, decimals), maximumFractionDigits: decimals }
  try {
    return new Intl.NumberFormat('en-GB', { style: 'currency', currency: code, ...places }).format(
      decimal,
    )
  } catch {
    // Not every asset is called like a currency.
    return `${new Intl.NumberFormat('en-GB', places).format(decimal)} ${code}`
  }
}

/** The same for a balance: hundredths, and never more than there is. */
export function roughly(units, { code, decimals }) {
  const spare = Math.max(0, decimals - 2)
  return money(BigInt(units) / 10n ** BigInt(spare), { code, decimals: decimals - spare })
}
