import { type Clock, inTime, type LedgerAccess, LedgerError } from '@tallystick/client-sdk'
import { type Channel, type ChannelNumber, type Rejection, reject } from '@tallystick/protocol'
import { LOOKUP_MS_MAX, LOOKUPS_PARALLEL, LOOKUPS_WAITING_MAX } from '../limits.js'
import { Lanes } from '../watch/lanes.js'

/** Channels that strangers name, asked for from the ledger: few at a time, and each for so long. */
export class ChannelLookup {
  readonly #ledger: Pick<LedgerAccess, 'channel'>
  readonly #clock: Clock
  readonly #lanes = new Lanes(LOOKUPS_PARALLEL)

  constructor(ledger: Pick<LedgerAccess, 'channel'>, clock: Clock) {
    this.#ledger = ledger
    this.#clock = clock
  }

  /** The channel as the ledger proves it; `undefined`: there is none of that number. */
  find(number: ChannelNumber): Promise<Channel | undefined | Rejection<'tower_busy'>> {
    if (this.#lanes.size >= LOOKUPS_WAITING_MAX) {
      return Promise.resolve(reject('tower_busy', 'too many channels wait to be looked up'))
    }
    return new Promise((resolve, fail) => {
      this.#lanes.add(0, async () => {
        try {
          const { value } = await inTime(this.#clock, LOOKUP_MS_MAX, (signal) =>
            this.#ledger.channel(number, signal),
          )
          resolve(value)
        } catch (error) {
          if (!(error instanceof LedgerError)) return fail(error)
          resolve(reject('tower_busy', 'the ledger was not reached; try again later'))
        }
      })
    })
  }
}
