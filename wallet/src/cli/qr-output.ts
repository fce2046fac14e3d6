import { terminalQr } from './terminal-qr.js'

/** Where nobody looks, only who asks for it gets one. */
export function showQr(text: string, wanted: boolean | undefined): void {
  const { isTTY, columns } = process.stdout
  if (wanted === false || (wanted === undefined && isTTY !== true)) return
  const qr = terminalQr(text, {
    columns: wanted === true && isTTY !== true ? Number.POSITIVE_INFINITY : columns,
    coloured: isTTY === true,
  })
  if (qr === undefined) process.stderr.write('(the terminal is too narrow for its QR code)\n')
  else process.stdout.write(`\n${qr}\n`)
}
