export type { TowerReport } from './assemble-tower.js'
export { type RunningTower, startTower } from './tower.js'
export { DEFAULT_TOWER_CONFIG, type TowerConfig } from './tower-config.js'
export { initTowerKeys } from './tower-keys.js'
