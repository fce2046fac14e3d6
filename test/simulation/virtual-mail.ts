import type { KeptLetter, LetterNote, MailRows } from '#hub/store/mail-rows.js'
import type { Incarnation } from './incarnation.js'
import type { VirtualDisk } from './virtual-disk.js'

/** What lies in the mailboxes on a hub's disk, by recipient and name. */
export type MailRecords = Map<string, LetterNote & KeptLetter>

/** A hub's mail for one life of its process. `onStored` hears which letters are on the disk from now on. */
export function virtualMail(
  life: Incarnation,
  disk: VirtualDisk,
  records: MailRecords,
  onStored: (letter: Uint8Array) => void,
): MailRows {
  return {
    list: async () => [...records.values()],
    read: (recipient) =>
      disk.read(life, () => [...records.values()].filter((one) => one.recipient === recipient)),
    commit: (put, removed) =>
      disk.transact(life, () => {
        for (const letter of put) {
          records.set(`${letter.recipient} ${letter.id}`, letter)
          onStored(letter.letter)
        }
        for (const { recipient, id } of removed) records.delete(`${recipient} ${id}`)
      }),
    close: async () => undefined,
  }
}
