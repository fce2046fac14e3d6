import { createRequire } from 'node:module'
import { join } from 'node:path'

/*
 * What is used of Connext Vector's protocol library, version 0.1.1, as an installed peer has it.
 */

/** Its outcome of what may fail. */
export type VectorResult<T> = {
  readonly isError: boolean
  getValue(): T
  getError(): Error | undefined
}

/** What one side says to the other: signed by it, and signed again by the other as the answer. */
export type VectorUpdate = {
  readonly type: 'setup' | 'deposit' | 'create' | 'resolve'
  readonly fromIdentifier: string
  readonly toIdentifier: string
}

/** A pair of an update and the one before it. */
export type VectorUpdates = {
  readonly update: VectorUpdate
  readonly previousUpdate: VectorUpdate | undefined
}

/** A conditional payment on one channel. */
export type VectorTransfer = {
  readonly transferId: string
  readonly balance: { readonly amount: readonly [string, string] }
  readonly transferState: { readonly lockHash: string }
  /** There once it is resolved. */
  readonly transferResolver?: { readonly preImage: string }
  /** Whatever the sides tell each other about it. */
  readonly meta: Readonly<Record<string, string>>
}

export type VectorChannel = {
  readonly channelAddress: string
  /** Both sides' addresses, that of the side which set it up first. */
  readonly alice: string
  readonly bob: string
  readonly aliceIdentifier: string
  readonly bobIdentifier: string
  /** By asset; of ours, what alice and bob have. */
  readonly balances: readonly { readonly amount: readonly [string, string] }[]
  readonly latestUpdate: VectorUpdate & { readonly details: { readonly transferId: string } }
}

export type VectorEvent = {
  readonly updatedChannelState: VectorChannel
  readonly updatedTransfer?: VectorTransfer
}

/** One side of any number of channels. */
export type VectorNode = {
  readonly publicIdentifier: string
  on(event: 'CHANNEL_UPDATE_EVENT', callback: (event: VectorEvent) => void): void
  setup(params: object): Promise<VectorResult<VectorChannel>>
  deposit(params: object): Promise<VectorResult<VectorChannel>>
  create(params: object): Promise<VectorResult<VectorChannel>>
  resolve(params: object): Promise<VectorResult<VectorChannel>>
  getChannelState(channelAddress: string): Promise<VectorChannel | undefined>
}

/** How one side's words reach the other. */
export type VectorMessaging = {
  onReceiveProtocolMessage(
    identifier: string,
    callback: (updates: VectorResult<VectorUpdates>, from: string, inbox: string) => void,
  ): Promise<void>
  sendProtocolMessage(
    update: VectorUpdate,
    previousUpdate?: VectorUpdate,
  ): Promise<VectorResult<VectorUpdates>>
  respondToProtocolMessage(
    inbox: string,
    update: VectorUpdate,
    previousUpdate?: VectorUpdate,
  ): Promise<void>
  respondWithProtocolError(inbox: string, error: Error): Promise<void>
}

/** Only one update of a channel is under way at a time, whichever side it comes from. */
export type VectorLocks = {
  acquireLock(channelAddress: string): Promise<string>
  releaseLock(channelAddress: string, value: string): Promise<void>
}

type Signer = { readonly publicIdentifier: string }

export type VectorLibrary = {
  readonly Vector: {
    connect(
      messaging: VectorMessaging,
      locks: VectorLocks,
      store: object,
      signer: Signer,
      chain: object,
      logger: object,
      skipCheckIn: boolean,
    ): Promise<VectorNode>
  }
  readonly ChannelSigner: new (privateKey: string) => Signer
  readonly MemoryStoreService: new () => object
  readonly MemoryLockService: new () => VectorLocks
  readonly Result: {
    ok<T>(value: T): VectorResult<T>
    fail(error: Error): VectorResult<never>
  }
  readonly getMinimalProxyInitCode: (address: string) => string
  readonly ethers: {
    readonly BigNumber: { from(value: string): object }
    readonly utils: {
      keccak256(bytes: string): string
      solidityKeccak256(types: readonly string[], values: readonly unknown[]): string
      getCreate2Address(from: string, salt: string, codeHash: string): string
    }
  }
  readonly logger: object
}

/** Takes up what was installed in `dir`. */
export function vectorLibrary(dir: string): VectorLibrary {
  const require = createRequire(join(dir, 'package.json'))
  const { Vector } = require('@connext/vector-protocol')
  const utils = require('@connext/vector-utils')
  const { ChannelSigner, MemoryStoreService, MemoryLockService, getMinimalProxyInitCode } = utils
  const { Result } = require('@connext/vector-types')
  const logger = require('pino')({ level: 'silent' })
  return {
    ...{ Vector, ChannelSigner, MemoryStoreService, MemoryLockService, getMinimalProxyInitCode },
    ...{ Result, logger, ethers: require('ethers') },
  }
}
