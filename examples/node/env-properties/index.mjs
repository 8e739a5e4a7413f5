// env-properties 0.1.0 (MIT), from heroku-lambda-packager; sha256 of the rest: b9bb81fad8f596f9
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
