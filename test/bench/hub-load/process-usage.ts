import { readFileSync } from 'node:fs'

/** Ticks per second in which Linux counts processor time, on all of its platforms that Node knows. */
const TICKS_PER_SECOND = 100

/** What a process has used since it began, by the kernel's books. */
export type ProcessUsage = {
  /** Processor time of all its threads, user and system, milliseconds. */
  readonly cpuMs: number
  /** The same of its main thread. */
  readonly mainThreadMs: number
  /** Memory it holds now, bytes. */
  readonly residentBytes: number
  /** The most that it ever held, bytes. */
  readonly residentBytesMax: number
  /** What it has read, of files and sockets, bytes; from memory of the system or not. */
  readonly readBytes: number
}

/** Reads the books of a process that runs. */
export function usageOf(pid: number): ProcessUsage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const bytes = (name: string) =>
    1_024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1])
  return {
    cpuMs: cpuMsOf(`/proc/${pid}/stat`),
    mainThreadMs: cpuMsOf(`/proc/${pid}/task/${pid}/stat`),
    residentBytes: bytes('VmRSS'),
    residentBytesMax: bytes('VmHWM'),
    readBytes: Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]),
  }
}

function cpuMsOf(path: string): number {
  const stat = readFileSync(path, 'utf8')
  // The name of the program, in brackets, may hold anything; what follows are numbers (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user, system] = [Number(fields[11]), Number(fields[12])]
  return ((user + system) * 1_000) / TICKS_PER_SECOND
}
