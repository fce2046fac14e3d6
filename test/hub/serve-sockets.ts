import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { PROCESS_CLOCK } from '@tallystick/client-sdk'
import type { WebSocket } from 'ws'
import { serveHub } from '#hub/api/hub-server.js'
import type { PaymentRoutesParts } from '#hub/api/payment-routes.js'
import { BackupDesk } from '#hub/backup/backup-desk.js'
import { openBackupRows } from '#hub/store/backup-rows.js'
import { CHAIN, NOW, SIGNERS } from '../protocol/test-channel.js'
import { temporaryFolder } from '../settlement/data-folder.js'

/** The books of a hub that nobody lists. */
export const NO_PAYMENTS: PaymentRoutesParts = {
  ...{ finished: async () => [], token: new Uint8Array(32), now: () => NOW },
  onFault: (fault) => assert.fail(String(fault)),
}

/** The HTTP side of a hub with nothing behind it but what is made of its sockets; its address. */
export async function serveSockets(
  t: TestContext,
  sockets: {
    readonly trustedProxies?: number
    readonly admits: (address: string) => boolean
    readonly onSocket: (socket: WebSocket) => void
  },
  payments = NO_PAYMENTS,
): Promise<string> {
  const server = await serveHub({
    ...{ host: '127.0.0.1', port: 0, trustedProxies: 0, ...sockets },
    backups: {
      desk: await BackupDesk.open({
        rows: await openBackupRows(join(temporaryFolder(t), 'backups.db'), CHAIN),
        channelOf: () => undefined,
        clock: PROCESS_CLOCK,
        onFault: (fault) => assert.fail(String(fault)),
      }),
      ...{ chainId: CHAIN, hub: SIGNERS.hub.publicKey, now: () => NOW },
    },
    payments,
    information: {
      notReadyFor: () => 'the test',
      describe: () => ({}),
      statistics: async () => ({}),
    },
  })
  t.after(() => server.close())
  return server.url
}
