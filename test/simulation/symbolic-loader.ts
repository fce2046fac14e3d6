type Resolved = { readonly url: string; readonly shortCircuit?: boolean }
type NextResolve = (specifier: string, context: unknown) => Promise<Resolved>

/** What stands in for what: the curve, and the agreement on secrets under its keys. */
const SYMBOLIC: Readonly<Record<string, string>> = {
  '#ed25519': './symbolic-ed25519.js',
  '../crypto/shared-secret.js': './symbolic-agreement.js',
  './crypto/shared-secret.js': './symbolic-agreement.js',
}

/** The resolve hook of Node's module loader: imports of the curve are answered with symbolic ones. */
export async function resolve(
  specifier: string,
  context: unknown,
  nextResolve: NextResolve,
): Promise<Resolved> {
  const symbolic = SYMBOLIC[specifier]
  if (symbolic === undefined) return nextResolve(specifier, context)
  return { url: new URL(symbolic, import.meta.url).href, shortCircuit: true }
}
