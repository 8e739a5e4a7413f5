import envProperties, {
  env, load, number, require, requireAll, EnvPropertiesError, type Variables
} from '../../index.mjs'

const file: Variables = load()
const required: string = require('DATABASE_URL') + envProperties.require('DATABASE_URL')

// @ts-expect-error: a variable may be missing
const missing: string = env.DATABASE_URL

const port: number = number('PORT', 8080) + envProperties.number('PORT')
const { TOKEN } = requireAll('TOKEN')

console.log(file, required, missing, port, TOKEN, EnvPropertiesError)
