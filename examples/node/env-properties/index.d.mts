// env-properties 0.1.0 (MIT), from heroku-lambda-packager; sha256 of the rest: b38ccf62108f40e1
import envProperties = require('./index.js')

export * from './index.js'
export default envProperties
