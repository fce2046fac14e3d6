export { type RunningHub, startHub } from './hub.js'
export { DEFAULT_HUB_CONFIG, type HubConfig, termsOf } from './hub-config.js'
export { type HubKeys, initHubKeys, loadHubKeys } from './hub-keys.js'
export type { HubReport } from './hub-report.js'
