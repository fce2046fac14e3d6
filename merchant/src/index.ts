export { openApiDocument } from './api/openapi-document.js'
export {
  type MerchantConfig,
  type MerchantReport,
  type RunningMerchant,
  startMerchant,
} from './merchant.js'
