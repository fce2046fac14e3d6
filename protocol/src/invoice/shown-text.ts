import { type Codec, refine, text } from '../codec/codec.js'

/**
 * What may not stand in text that one party writes and another is shown: lone surrogates, controls
 * (also line ends), and what turns the direction of the text around it.
 */
const NOT_SHOWN =
  /[\p{Surrogate}\p{Control}\p{Line_Separator}\p{Paragraph_Separator}\u202a-\u202e\u2066-\u2069]/u

/** What is right, for messages to whoever wrote it. */
export const SHOWN_TEXT_RULE =
  'text is well-formed, on one line, without control characters and changes of direction'

/**
 * Whether a text can be shown to people as it is (INVOICE-5): it comes back exactly as given, or it
 * is refused.
 */
export function isShownText(shown: string): boolean {
  return !NOT_SHOWN.test(shown)
}

/** Text that is shown to people, at most `bytesMax` bytes of UTF-8. */
export function shownText(bytesMax: number): Codec<string> {
  return refine(text(bytesMax), isShownText, SHOWN_TEXT_RULE)
}
