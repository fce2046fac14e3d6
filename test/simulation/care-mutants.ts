import type { Mutant } from './mutant.js'

const ASSEMBLE = 'watchtower/src/assemble-tower.ts'
const WEIGH = 'watchtower/src/core/weigh-dispute.ts'
const RESUME = 'protocol/src/channel/resume-lane.ts'

/** Defects of towers and of those who lost their disks: only worlds with both can notice them. */
export const CARE_MUTANTS: readonly Mutant[] = [
  {
    name: 'tower-forgets-its-records-at-a-restart',
    rule: 'TOWER-2',
    file: ASSEMBLE,
    find: 'new RecordIndex(stored.entries)',
    replace: 'new RecordIndex([])',
  },
  {
    name: 'tower-does-not-look-at-what-it-missed',
    seed: 171,
    rule: 'TOWER-7',
    file: ASSEMBLE,
    find: 'watched: isBehindFar ? index.names() : stored.watched',
    replace: 'watched: stored.watched',
    and: {
      file: ASSEMBLE,
      find: 'from: isBehindFar ? tip.height + 1 : stored.height + 1',
      replace: 'from: tip.height + 1',
    },
  },
  {
    name: 'tower-vouches-before-it-is-on-disk',
    rule: 'TOWER-2',
    file: 'watchtower/src/session/request-desk.ts',
    find: 'await store.write({ put, remove })',
    replace: 'store.write({ put, remove }).catch(() => undefined)',
  },
  {
    name: 'tower-keeps-what-is-older',
    rule: 'TOWER-3',
    file: 'watchtower/src/core/answer-request.ts',
    find: "return { kind: 'keep', record: { ...held, entrusted } }",
    replace: "return { kind: 'kept', entrusted }",
  },
  {
    name: 'tower-challenges-after-the-window',
    rule: 'DSP-12',
    file: WEIGH,
    find: 'if (operation !== undefined)\n        return { kind:',
    replace: 'if (operation !== undefined && now > deadline)\n        return { kind:',
    and: {
      file: WEIGH,
      find: 'return isRejection(after) || !after.status.penalized',
      replace: 'return true',
    },
  },
  {
    name: 'restored-hub-signs-before-it-resumed',
    seed: 115,
    rule: 'HUB-8',
    file: 'hub/src/resume-at-start.ts',
    find: 'return askAtStart(channel, { nonce, restoredTime }) ?? channel',
    replace: 'return channel',
    and: {
      file: 'protocol/src/channel/resync.ts',
      find: 'checkOurs(party, peer) ??',
      replace: 'undefined ??',
    },
  },
  {
    name: 'both-sides-ask-for-ever',
    seed: 39,
    rule: 'CH-18',
    file: RESUME,
    find: 'ownResume.point.epoch > lostAt',
    replace: 'false',
  },
  {
    name: 'wallet-forgets-what-its-tower-gave-back',
    seed: 267,
    rule: 'BAK-8',
    file: 'client-sdk/src/wallet/wallet.ts',
    find: 'entrusted.map((kept)',
    replace: '[].map((kept)',
  },
  {
    name: 'payer-believes-any-resume',
    seed: 139,
    rule: 'CH-18',
    file: RESUME,
    find: 'checkResumedLanes(party, own, peer, now);',
    replace: 'undefined;',
    and: {
      file: 'client-sdk/src/wallet/wallet-towers.ts',
      find: 'onNewer: (entrusted) => void this.#adopt(entrusted)',
      replace: 'onNewer: () => undefined',
    },
  },
]
