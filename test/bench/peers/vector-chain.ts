import type { VectorLibrary } from './vector-library.js'

/** What either side has in a channel at first, base units. */
export const DEPOSIT = 1_000_000_000n
/** The chain's own money. */
export const ASSET = `0x${'00'.repeat(20)}`
/** Where a chain would have the contract of payments with a hash lock. */
export const HASH_LOCK = `0x${'11'.repeat(20)}`

const FACTORY = `0x${'22'.repeat(20)}`
const REGISTRY = `0x${'33'.repeat(20)}`
const MASTERCOPY = `0x${'44'.repeat(20)}`
const CHAIN = 1_337

export const NETWORK = {
  chainId: CHAIN,
  providerUrl: 'http://127.0.0.1/',
  channelFactoryAddress: FACTORY,
  transferRegistryAddress: REGISTRY,
} as const

/**
 * In place of an Ethereum chain, one that has every deposit and agrees with every payment: what its
 * contracts would say of a hash lock is not computed, which spares the hub that time. Signatures are
 * checked all the same.
 */
export function agreeableChain({
  Result,
  ethers: { BigNumber, utils },
  getMinimalProxyInitCode,
}: VectorLibrary): object {
  const ok = async (value: unknown) => Result.ok(value)
  const codeHash = utils.keccak256(getMinimalProxyInitCode(MASTERCOPY))
  const deposited = () => ok(BigNumber.from(`${DEPOSIT}`))
  return {
    getChannelMastercopyAddress: () => ok(MASTERCOPY),
    getChannelAddress: (alice: string, bob: string) => {
      const participants = ['address', 'address', 'uint256']
      const salt = utils.solidityKeccak256(participants, [alice, bob, CHAIN])
      return ok(utils.getCreate2Address(FACTORY, salt, codeHash))
    },
    getTotalDepositedA: deposited,
    getTotalDepositedB: deposited,
    getRegisteredTransferByDefinition: () =>
      ok({
        ...{ name: 'HashlockTransfer', definition: HASH_LOCK, encodedCancel: '0x' },
        stateEncoding: 'tuple(bytes32 lockHash, uint256 expiry)',
        resolverEncoding: 'tuple(bytes32 preImage)',
      }),
    create: () => ok(true),
    resolve: ({ balance: { to, amount } }: { balance: { to: string[]; amount: string[] } }) =>
      ok({ to, amount: ['0', amount[0]] }),
  }
}
