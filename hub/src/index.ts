export { type HubReport, type RunningHub, startHub } from './hub.js'
export { DEFAULT_HUB_CONFIG, type HubConfig, termsOf } from './hub-config.js'
export { type HubKeys, loadHubKeys } from './hub-keys.js'
