export { type RunningTower, startTower, type TowerReport } from './tower.js'
export { DEFAULT_TOWER_CONFIG, type TowerConfig } from './tower-config.js'
export { initTowerKeys } from './tower-keys.js'
