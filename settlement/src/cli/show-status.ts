import { printFacts, showProgress } from '@tallystick/daemon'
import { TIMESTAMP_MAX } from '@tallystick/protocol'
import { z } from 'zod'
import { ROUTES } from '../api/routes.js'
import { askNode } from './ask-node.js'

/** Until an answer must be there, milliseconds. */
const ANSWER_MS_MAX = 5_000

const statusSchema = z.looseObject({
  network: z.string(),
  chain_id: z.string(),
  height: z.int(),
  /** What a date can show, too. */
  time: z.int().min(0).max(TIMESTAMP_MAX),
  mempool_transactions: z.int(),
  mempool_fee_rate_ppm: z.string(),
  upgrade_pending: z
    .object({ version: z.number(), activation_height: z.number(), supported: z.boolean() })
    .nullable(),
  role: z.string(),
  upstream: z.string().optional(),
  upstream_link: z.string().optional(),
  lag_blocks: z.number().nullish(),
  refused_block: z.object({ height: z.number(), code: z.string(), detail: z.string() }).nullish(),
})

/** `ledger status`: what a node says of itself. */
export async function showStatus({ url, json }: { url: string; json?: true }): Promise<void> {
  const status = await showProgress('asking the node', () =>
    askNode({ url, path: ROUTES.status.path, answered: statusSchema, answerMsMax: ANSWER_MS_MAX }),
  )
  const { upgrade_pending: upgrade } = status
  const time = new Date(status.time * 1_000).toISOString()
  printFacts(
    json,
    status,
    [
      `network  ${status.network}`,
      `chain    ${status.chain_id}`,
      `height   ${status.height}`,
      `time     ${time}`,
      `waiting  ${status.mempool_transactions} transactions`,
      `to enter ${status.mempool_fee_rate_ppm} millionths of the least fee`,
      ...(upgrade === null
        ? []
        : [
            `upgrade  to version ${upgrade.version} at block ${upgrade.activation_height}` +
              `${upgrade.supported ? '' : ': not supported by this node, which will stop there'}`,
          ]),
      ...roleLines(status),
    ].join('\n'),
  )
}

function roleLines(status: z.infer<typeof statusSchema>): readonly string[] {
  const { role, upstream, upstream_link: link, lag_blocks: lag, refused_block: refused } = status
  if (upstream === undefined) return [`role     ${role}`]
  return [
    `role     ${role} of ${upstream}, ${link}`,
    `lag      ${lag ?? 'unknown'} blocks`,
    ...(refused ? [`refused  block ${refused.height}: ${refused.code}: ${refused.detail}`] : []),
  ]
}
