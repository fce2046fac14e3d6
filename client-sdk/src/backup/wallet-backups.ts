import {
  BACKUP_FILE_BYTES_MAX,
  BACKUP_HUB_BYTES_MAX,
  type Codec,
  decodeTrusted,
  encode,
  invariant,
  isRejection,
  type Rejection,
  utf8,
} from '@tallystick/protocol'
import { letterPaymentCodec } from '../letters/letter-payment.js'
import { offerRecordCodec } from '../letters/own-offer.js'
import { type PayoutRecord, payoutRecordCodec } from '../payout/payout-record.js'
import type { RecordKind, WalletStore } from '../store/wallet-store.js'
import { errorOf } from '../wallet/error-of.js'
import type { HubLink } from '../wallet/hub-link.js'
import { type StoredWallet, storedKeyIndexes } from '../wallet/load-wallet.js'
import { pageOf } from '../wallet/record-order.js'
import type { WalletCore } from '../wallet/wallet-core.js'
import type { WalletEffect } from '../wallet/wallet-event.js'
import { invoiceRecordCodec, paymentRecordCodec } from '../wallet/wallet-records.js'
import { WalletError } from '../wallet-error.js'
import type { BackupHistory, OpenedBackup } from './backup-content.js'
import {
  type FinishedRecords,
  finishedRecordsCodec,
  NOTHING_FINISHED,
  withInvoice,
  withPayment,
} from './finished-records.js'
import type { HubBackups } from './hub-backups.js'
import type { Restored } from './restore-store.js'
import { sealBackup } from './seal-backup.js'
import { UploadLoop } from './upload-loop.js'

/** How soon a change is with the hub, milliseconds: an invoice that is handed out, anything else. */
const INVOICE_MS = 500
const CHANGE_MS = 10_000
/** Finished payouts in a backup at the hub. */
const PAYOUTS_MAX = 16

/** Makes the backups of one wallet, and keeps the newest with its hub (BAK-3, BAK-5). */
export class WalletBackups {
  readonly #core: WalletCore
  readonly #link: HubLink
  readonly #hubBackups: HubBackups | undefined
  readonly #uploads: UploadLoop
  #version: number
  #finished: FinishedRecords
  /** The newest version that the hub has said to hold. */
  #confirmed: number
  /** Whether the hub has a backup that this store is behind of: nothing is uploaded any more. */
  #isOutdated: boolean
  #last: Promise<unknown> = Promise.resolve()

  constructor(
    core: WalletCore,
    link: HubLink,
    options: {
      /** Absent: the hub keeps none. */
      readonly hubBackups: HubBackups | undefined
      readonly stored: StoredWallet
    },
  ) {
    this.#core = core
    this.#link = link
    this.#hubBackups = options.hubBackups
    this.#version = options.stored.backupVersion
    this.#confirmed = options.stored.backupConfirmed
    this.#isOutdated = options.stored.isBackupOutdated
    this.#finished = options.stored.finished
    this.#uploads = new UploadLoop(
      core.clock,
      (signal) => this.#upload(signal),
      (error) =>
        error instanceof WalletError
          ? core.problem(error.code, error.message)
          : core.problem('backup_failed', String(error)),
    )
  }

  /** Something that a backup should hold has become durable. */
  changed(effect: WalletEffect): void {
    switch (effect.kind) {
      case 'invoiceChanged':
        this.#finished = withInvoice(this.#finished, effect.invoice)
        return this.#uploadIn(effect.invoice.status === 'open' ? INVOICE_MS : CHANGE_MS)
      case 'saleChanged':
        this.#finished = withInvoice(this.#finished, effect.invoice)
        return this.#uploadIn(CHANGE_MS)
      case 'paymentChanged':
        this.#finished = withPayment(this.#finished, effect.payment)
        return this.#uploadIn(CHANGE_MS)
      case 'payoutChanged':
        return this.#uploadIn(INVOICE_MS)
      case 'streamChanged':
      case 'channelChanged':
        return this.#uploadIn(CHANGE_MS)
      case 'send':
      case 'streamRefused':
      case 'agreeToClose':
        return
    }
  }

  /** An offer, or a payment that began with a letter, has changed. */
  lettersChanged(): void {
    this.#uploadIn(INVOICE_MS)
  }

  /** A backup of everything, with all of history. Errors: `backup_too_large`. */
  async export(): Promise<Uint8Array> {
    const { bytes } = await this.#make(async () => [await this.#history()], BACKUP_FILE_BYTES_MAX)
    return bytes
  }

  stop(): Promise<void> {
    return this.#uploads.stop()
  }

  #uploadIn(delayMs: number): void {
    if (this.#hubBackups !== undefined) this.#uploads.changed(delayMs)
  }

  async #upload(signal: AbortSignal): Promise<void> {
    // A hub keeps backups for who has a channel with it; without one there is nothing to lose.
    if ([...this.#core.state.channels()].length === 0) return
    // Higher and higher versions would in the end put the older content in place of the newer.
    if (this.#isOutdated) throw outdated()
    const { hub } = this.#link
    // History goes first where there is no room for all.
    const histories = async () => [
      { ...this.#finished, donePayouts: await this.#newestPayouts() },
      { ...NOTHING_FINISHED, donePayouts: [] },
    ]
    const { version, bytes } = await this.#make(histories, BACKUP_HUB_BYTES_MAX)
    const { store } = this.#core
    try {
      await this.#hubBackups?.put(hub, version, bytes, signal)
    } catch (error) {
      if (!(error instanceof WalletError && error.code === 'backup_version_falls')) throw error
      this.#isOutdated = true
      await store.commit([{ kind: 'meta', key: 'backupOutdated', value: utf8(String(version)) }])
      throw outdated(error)
    }
    this.#confirmed = version
    await store.commit([{ kind: 'meta', key: 'backupConfirmed', value: utf8(String(version)) }])
  }

  /** One at a time, so that a higher version never says less; with the first history that fits. */
  #make(
    histories: () => Promise<readonly BackupHistory[]>,
    bytesMax: number,
  ): Promise<{ readonly version: number; readonly bytes: Uint8Array }> {
    const made = this.#last.then(async () => {
      const version = await this.#nextVersion()
      const content = await this.#content()
      let refused: Rejection | undefined
      for (const finished of await histories()) {
        const bytes = this.#sealed({ ...content, ...finished, version }, bytesMax)
        if (!isRejection(bytes)) return { version, bytes }
        refused = bytes
      }
      invariant(refused !== undefined, 'a backup has some history, be it none')
      throw errorOf(refused)
    })
    // Whoever asked is told of a failure; the next one is made afresh.
    this.#last = made.catch(() => undefined)
    return made
  }

  /** BAK-3: on disk before a backup of this version can leave. */
  async #nextVersion(): Promise<number> {
    const version = ++this.#version
    const finished = encode(finishedRecordsCodec, this.#finished)
    await this.#core.store.commit([
      { kind: 'meta', key: 'backupVersion', value: utf8(String(version)) },
      { kind: 'meta', key: 'backupFinished', value: finished },
    ])
    return version
  }

  #sealed(backup: OpenedBackup, bytesMax: number): Uint8Array | Rejection<'backup_too_large'> {
    const { feed, keys, randomBytes } = this.#core
    const identity = keys.identity.publicKey
    const owner = { chainId: feed.ledger.chainId, identity, key: keys.backup() }
    return sealBackup(owner, backup, randomBytes(24), bytesMax)
  }

  /** What is committed is what is on disk. */
  async #content(): Promise<Omit<OpenedBackup, keyof BackupHistory | 'version'>> {
    const { state, store, feed, sharedWords, hub } = this.#core
    const [channels, invoices, payments, payouts, streams] = [
      [...state.channels()],
      [...state.invoices()],
      [...state.payments()],
      [...state.payouts()],
      [...state.streams()],
    ]
    // Read after the channels: a key that one of them has is among those that were given away.
    const nextKeyIndex = await storedKeyIndexes(store)
    return {
      height: feed.height,
      time: feed.time,
      confirmed: this.#confirmed,
      nextKeyIndex,
      isShared: sharedWords.isSet,
      hub: hub.place,
      offers: await storedRecords(store, 'offer', offerRecordCodec),
      letterPayments: await storedRecords(store, 'letterPayment', letterPaymentCodec),
      ...{ channels, invoices, payments, payouts, streams },
    }
  }

  async #history(): Promise<BackupHistory> {
    const { store } = this.#core
    return {
      doneInvoices: await storedRecords(store, 'doneInvoice', invoiceRecordCodec),
      donePayments: await storedRecords(store, 'donePayment', paymentRecordCodec),
      donePayouts: await storedRecords(store, 'donePayout', payoutRecordCodec),
    }
  }

  async #newestPayouts(): Promise<readonly PayoutRecord[]> {
    const { store } = this.#core
    const wanted = { status: 'all', after: undefined, limit: PAYOUTS_MAX }
    const places = await pageOf(store, 'payoutOrder', wanted)
    const stored = await Promise.all(places.map(({ name }) => store.get('donePayout', name)))
    return stored.flatMap((value) =>
      value === undefined ? [] : [decodeTrusted(payoutRecordCodec, value)],
    )
  }
}

async function storedRecords<T>(
  store: WalletStore,
  kind: RecordKind,
  codec: Codec<T>,
): Promise<readonly T[]> {
  return (await store.list(kind)).map(({ value }) => decodeTrusted(codec, value))
}

function outdated(cause?: unknown): WalletError {
  const detail =
    'the hub keeps a newer backup than this store can make: another one goes by these words, or this one is an old copy; a new store would take up the newer backup'
  return new WalletError('backup_version_falls', detail, { cause })
}

/** Tells the owner what became of a new store. */
export function tellRestored(core: WalletCore, { backup, problems }: Restored): void {
  for (const { code, detail } of problems) core.problem(code, detail)
  if (backup === undefined) return
  core.notify({ kind: 'restored', version: backup.version, time: backup.time })
}
