import type { EntryKind } from '@tallystick/protocol'

/** How each kind of entry is written on the command line. */
export const ENTRY_FORMS: Readonly<Record<EntryKind, string>> = {
  parameters: 'parameters',
  asset: 'asset ID',
  coin: 'coin TXID:INDEX',
  channel: 'channel NUMBER',
  channelCount: 'channelCount',
  reveal: 'reveal ANCHOR',
  revealStep: 'revealStep ANCHOR:STEP',
  assetCount: 'assetCount',
  parametersChange: 'parametersChange',
}
