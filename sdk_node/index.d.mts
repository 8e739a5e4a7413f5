import envProperties = require('./index.js')

export * from './index.js'
export default envProperties
