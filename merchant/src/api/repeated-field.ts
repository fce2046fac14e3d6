/** What a scan of JSON has to stop at: texts, and what stands between them. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g

/**
 * The first name that one object of a text has twice, as JSON means it; `undefined`: none. `JSON.parse` takes the last one without
 * a word, and whoever has looked at the request before may have taken the first. The text is JSON that was parsed before.
 */
export function repeatedField(text: string): string | undefined {
  /** Names of each object that is open; of a list none. */
  const open: (Set<string> | undefined)[] = []
  let last = '""'
  for (const [token] of text.matchAll(TOKEN)) {
    switch (token) {
      case '{':
        open.push(new Set())
        break
      case '[':
        open.push(undefined)
        break
      case '}':
      case ']':
        open.pop()
        break
      case ':': {
        const name: string = JSON.parse(last)
        const names = open.at(-1)
        if (names?.has(name)) return name
        names?.add(name)
        break
      }
      default:
        last = token
    }
  }
  return undefined
}
