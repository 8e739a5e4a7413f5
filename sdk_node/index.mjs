import envProperties from './index.js'

export const {
  env,
  load,
  populate,
  require,
  requireAll,
  number,
  bool,
  list,
  json,
  override,
  EnvPropertiesError
} = envProperties
export default envProperties
