import { printFacts, showProgress } from '@tallystick/daemon'
import { connectLedger, type LedgerAddress } from './connect-ledger.js'
import { parametersFacts, parametersLines } from './parameters-facts.js'

/** `ledger parameters`: those in force, and those that wait for their height, both proved. */
export async function showParameters(
  options: LedgerAddress & { readonly json?: true },
): Promise<void> {
  const [parameters, change, { chainId, height }] = await showProgress(
    'asking the node',
    async () => {
      const ledger = await connectLedger(options)
      const { value, header } = await ledger.scheduledChange()
      return [ledger.parameters, value, { chainId: ledger.chainId, height: header.height }] as const
    },
  )
  const waiting =
    change === undefined
      ? null
      : {
          activation_height: change.activationHeight,
          parameters: parametersFacts(change.parameters),
        }
  const facts = { chain_id: chainId, height, in_force: parametersFacts(parameters), waiting }
  const text = [
    `in force in block ${height} of chain ${chainId}:`,
    ...parametersLines(parameters),
    ...(change === undefined
      ? ['no change is scheduled']
      : [`scheduled for block ${change.activationHeight}:`, ...parametersLines(change.parameters)]),
  ]
  printFacts(options.json, facts, text.join('\n'))
}
