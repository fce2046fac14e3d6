import type { ChannelId, PublicKey } from '@tallystick/protocol'
import { LATE_FRAMES_MAX, STRANGE_WORDS_MAX } from '../limits.js'
import type { Conduct } from '../rates/conduct.js'

/** How much of what leads to nothing is taken from one session (WIRE-9). */
export class Patience {
  readonly #conduct: Conduct
  #strangeWords = 0
  #lateFrames = 0

  constructor(conduct: Conduct) {
    this.#conduct = conduct
  }

  /**
   * Whether the client, who speaks for `channel`, may be told once more what was wrong. Identities cost nothing: who speaks for no
   * channel is told a few things only, whoever it says to be.
   */
  mayBeRefused(client: PublicKey, channel: ChannelId | undefined): boolean {
    if (channel === undefined && ++this.#strangeWords > STRANGE_WORDS_MAX) return false
    return this.#conduct.mayBeRefused(channel ?? client)
  }

  /** Whether one more frame may come behind the end of the session: what was on its way is dropped. */
  mayBeLate(): boolean {
    return ++this.#lateFrames <= LATE_FRAMES_MAX
  }
}
