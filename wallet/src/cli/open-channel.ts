import { KeyCoins } from '@tallystick/client-sdk'
import { CommandError, EXIT, printFacts, showProgress } from '@tallystick/daemon'
import {
  amount,
  type ChannelId,
  deriveKeys,
  isRejection,
  receivable,
  seedFromMnemonic,
  spendable,
} from '@tallystick/protocol'
import { type AssetAmounts, assetAmounts, requireDecimal } from './asset-amount.js'
import { confirm } from './confirm.js'
import { type HubPlace, orPending, type WalletAtHub, withHub } from './open-with-hub.js'
import { readWordsFile } from './words-file.js'

export type OpenCommand = HubPlace & {
  readonly inbound?: true
  readonly yes?: true
  readonly json?: true
}

/** `wallet open`: a channel with a deposit of this wallet's coins, or one that the hub funds. */
export async function openChannel(typed: string, options: OpenCommand): Promise<void> {
  requireDecimal(typed)
  await withHub(options, async (at) => {
    const money = await assetAmounts(at.ledger, at.policy.asset)
    const value = money.unitsOf(typed)
    const fee = options.inbound
      ? 0n
      : await openingFee(at, { keys: options.keys, deposit: value, money })
    process.stderr.write(`${quoteLines(at, options, { value, fee, money }).join('\n')}\n`)
    await confirm(options.yes, 'Open the channel')
    const id = await orPending(() =>
      showProgress('opening the channel', () => begin(at, options, value)),
    )
    printFacts(options.json, ...(await outcome(at, id, { value, fee, money, options })))
    if (id === undefined) process.exitCode = EXIT.pending
  })
}

function begin(
  { wallet, signal }: WalletAtHub,
  { inbound }: OpenCommand,
  value: bigint,
): Promise<ChannelId> {
  return inbound
    ? wallet.requestChannel({ inbound: value, signal })
    : wallet.openChannel({ deposit: value, signal })
}

type Opening = {
  readonly value: bigint
  readonly fee: bigint
  readonly money: AssetAmounts
  readonly options: OpenCommand
}

/** The same for programs and for people. `id`: absent while nobody knows whether the ledger has it. */
async function outcome(
  { wallet }: WalletAtHub,
  id: ChannelId | undefined,
  { value, fee, money, options }: Opening,
): Promise<[facts: object, text: string]> {
  const held = wallet.channels().find(({ party }) => party.ledger.id === id)
  const number = held?.party.ledger.number ?? null
  // Of this channel, as people ask for it: the wallet may have larger ones.
  // A side that holds less than the reserve for its exit can pay nothing, and no less.
  const orNothing = (units: bigint) => (units > 0n ? units : 0n)
  const toPay = held ? orNothing(spendable(held.party)) : 0n
  const toReceive = held ? orNothing(receivable(held.party)) : 0n
  const facts = {
    ...{ status: id === undefined ? 'pending' : 'open', channel: id ?? null, number },
    ...{ asset: money.asset, fee: `${fee}` },
    deposit: options.inbound ? '0' : `${value}`,
    inbound: options.inbound ? `${value}` : '0',
    ...{ spendable: `${toPay}`, receivable: `${toReceive}` },
  }
  if (id === undefined) {
    return [facts, 'pending: the channel is there once the ledger has it; "wallet status" shows it']
  }
  const text = [
    `channel ${number} is open`,
    `  can pay      ${money.show(toPay)}`,
    `  can receive  ${money.show(toReceive)}`,
  ]
  return [facts, text.join('\n')]
}

/** What is opened, and what it costs, before it is done. */
function quoteLines(
  { policy }: WalletAtHub,
  { hub, inbound }: OpenCommand,
  { value, fee, money }: Omit<Opening, 'options'>,
): string[] {
  if (inbound) {
    return [`a channel with ${hub}, funded by the hub`, `to receive   ${money.show(value)}`]
  }
  return [
    `a channel with ${hub}, funded by this wallet`,
    `deposit      ${money.show(value)}`,
    `of it kept   ${money.show(policy.terms.exitReserve)} until it closes: it pays for an exit alone`,
    `ledger fee   ${money.show(fee)}`,
  ]
}

/** The exact fee of the transaction that would open it: keys and hub have one size. Throws `insufficient_funds`. */
async function openingFee(
  { wallet, ledger, policy }: Pick<WalletAtHub, 'wallet' | 'ledger' | 'policy'>,
  {
    keys,
    deposit,
    money,
  }: { readonly keys: string; readonly deposit: bigint; readonly money: AssetAmounts },
): Promise<bigint> {
  const { payout } = deriveKeys(seedFromMnemonic(await readWordsFile(keys), ''))
  const { asset, terms, payoutLock } = policy
  const key = wallet.identity
  const client = { key, deposit: amount(deposit), payoutLock: wallet.payoutLock }
  const hub = { key, deposit: amount(0n), payoutLock }
  const coins = new KeyCoins(ledger, payout(0), asset)
  const built = await coins.build({ operations: [{ kind: 'open', asset, client, hub, terms }] })
  if (!isRejection(built)) return built.fee
  if (built.code !== 'insufficient_funds') throw new CommandError(built.code, built.detail)
  const detail = `${money.show(built.needed)} are needed with the fee, the coins come to ${money.show(built.available)}; coins are sent to ${wallet.payoutLock}`
  throw new CommandError(built.code, detail)
}
