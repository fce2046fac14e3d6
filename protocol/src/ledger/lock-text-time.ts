import { parseTimestamp, TIMESTAMP_MAX, type Timestamp } from '../primitives/time.js'
import type { LockTextReader } from './lock-text-reader.js'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const DAYS_OF_400_YEARS = 146_097
/** 1970-01-01 in days since 0000-03-01. */
const EPOCH_DAY = 719_468
/** The first second of the year 10,000: from here on years do not have four digits. */
const YEAR_10000 = 253_402_300_800

/** Seconds of each unit, the largest first. */
const UNITS = [
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', 1],
] as const

/** A time as `2027-01-01`, `2027-01-01T12:00:00Z`, or seconds from the year 10,000 on. */
export function formatTime(time: Timestamp): string {
  if (time >= YEAR_10000) return `${time}`
  const second = time % DAY
  const date = formatDate(Math.floor(time / DAY))
  if (second === 0) return date
  const clock = [Math.floor(second / HOUR), Math.floor(second / MINUTE) % 60, second % 60]
  return `${date}T${clock.map((part) => padded(part, 2)).join(':')}Z`
}

/** A date, a UTC time of day, or whole seconds since 1970. */
export function readTime(reader: LockTextReader): Timestamp {
  const start = reader.offset
  const digits = reader.digits()
  if (digits === '') reader.fail('a time: 2027-01-01, 2027-01-01T12:00:00Z or seconds')
  const seconds = reader.next === '-' ? readDate(reader, start, digits) : Number(digits)
  return parseTimestamp(seconds) ?? reader.fail(`a time of at most ${TIMESTAMP_MAX} seconds`, start)
}

function readDate(reader: LockTextReader, start: number, year: string): number {
  if (year.length !== 4 || Number(year) < 1970) reader.fail('a year from 1970 to 9999', start)
  reader.expect('-')
  const month = readTwoDigits(reader, 'a month', 1, 12)
  reader.expect('-')
  const day = readTwoDigits(reader, 'a day', 1, daysOfMonth(Number(year), month))
  const midnight = daysSinceEpoch(Number(year), month, day) * DAY
  if (!reader.takes('T')) return midnight
  const hour = readTwoDigits(reader, 'an hour', 0, 23)
  reader.expect(':')
  const minute = readTwoDigits(reader, 'a minute', 0, 59)
  reader.expect(':')
  const second = readTwoDigits(reader, 'a second', 0, 59)
  reader.expect('Z', 'Z, for UTC')
  return midnight + hour * HOUR + minute * MINUTE + second
}

function readTwoDigits(reader: LockTextReader, what: string, min: number, max: number): number {
  const start = reader.offset
  const digits = reader.digits()
  const value = Number(digits)
  return digits.length === 2 && value >= min && value <= max
    ? value
    : reader.fail(`${what} from ${padded(min, 2)} to ${max}`, start)
}

/** Seconds in the largest unit that they are a whole number of: `90d`, `12h`, `30m`, `45s`. */
export function formatDuration(seconds: number): string {
  const [unit, length] = UNITS.find(([, each]) => seconds % each === 0 && seconds > 0) ?? ['s', 1]
  return `${seconds / length}${unit}`
}

/** Seconds, or a number of days, hours, minutes or seconds; the caller bounds it. */
export function readDuration(reader: LockTextReader): number {
  const digits = reader.digits()
  if (digits === '') reader.fail('a duration: 90d, 12h, 30m, 45s or seconds')
  const unit = UNITS.find(([name]) => reader.takes(name))
  if (unit === undefined && /[A-Za-z]/.test(reader.next)) reader.fail('a unit: d, h, m or s')
  return Number(digits) * (unit?.[1] ?? 1)
}

/*
 * The civil calendar in whole numbers, because a rule must not depend on a platform's idea of dates.
 * Years start in March, so that the leap day is the last of its year, and repeat after 400 of them.
 */

function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1
  const dayOfYear = daysBeforeMonth((month + 9) % 12) + day - 1
  return 365 * marchYear + leapDays(marchYear) + dayOfYear - EPOCH_DAY
}

function formatDate(daysSince1970: number): string {
  const days = daysSince1970 + EPOCH_DAY
  const era = Math.floor(days / DAYS_OF_400_YEARS)
  const dayOfEra = days % DAYS_OF_400_YEARS
  // Days without the leap days before them: after 4, 100 and 400 years.
  const leapless =
    dayOfEra -
    Math.floor(dayOfEra / 1_460) +
    Math.floor(dayOfEra / 36_524) -
    Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor(leapless / 365)
  const dayOfYear = dayOfEra - 365 * yearOfEra - leapDays(yearOfEra)
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  const marchYear = 400 * era + yearOfEra
  const day = dayOfYear - daysBeforeMonth(marchMonth) + 1
  return `${padded(month > 2 ? marchYear : marchYear + 1, 4)}-${padded(month, 2)}-${padded(day, 2)}`
}

/** Days of a year that starts in March before its month `marchMonth`, 0 for March. */
function daysBeforeMonth(marchMonth: number): number {
  return Math.floor((153 * marchMonth + 2) / 5)
}

/** Leap days before the first of March of a year, counted from the year 0. */
function leapDays(year: number): number {
  return Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400)
}

function daysOfMonth(year: number, month: number): number {
  const next = month === 12 ? daysSinceEpoch(year + 1, 1, 1) : daysSinceEpoch(year, month + 1, 1)
  return next - daysSinceEpoch(year, month, 1)
}

function padded(value: number, digits: number): string {
  return value.toString().padStart(digits, '0')
}
