import envProperties from './index.js'

export const { env, load, populate, require, EnvPropertiesError } = envProperties
export default envProperties
