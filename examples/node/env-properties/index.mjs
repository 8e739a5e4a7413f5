// env-properties 0.1.0 (MIT), from heroku-lambda-packager; sha256 of the rest: 8ada1e6b6e757e31
import envProperties from './index.js'

export const { env, load, populate, require, EnvPropertiesError } = envProperties
export default envProperties
