type Resolved = { readonly url: string; readonly shortCircuit?: boolean }
type NextResolve = (specifier: string, context: unknown) => Promise<Resolved>

/** The resolve hook of Node's module loader: one import is answered with the symbolic curve. */
export async function resolve(
  specifier: string,
  context: unknown,
  nextResolve: NextResolve,
): Promise<Resolved> {
  if (specifier !== '#ed25519') return nextResolve(specifier, context)
  return { url: new URL('./symbolic-ed25519.js', import.meta.url).href, shortCircuit: true }
}
