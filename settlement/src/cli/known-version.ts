import { CommandError } from '@tallystick/daemon'
import { PROTOCOL_VERSIONS } from '@tallystick/protocol'

/** Nobody who runs this release could go on under rules that it does not know (UPG-3). */
export function requireKnownVersion(version: number): void {
  if (PROTOCOL_VERSIONS.has(version)) return
  const known = [...PROTOCOL_VERSIONS].join(', ')
  const detail = `this release knows the rules ${known}, not ${version}: use one that does`
  throw new CommandError('version_unsupported', detail)
}
