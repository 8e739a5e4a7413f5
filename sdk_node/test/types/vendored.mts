import envProperties, { env, load, require, EnvPropertiesError, type Variables } from '../../index.mjs'

const file: Variables = load()
const required: string = require('DATABASE_URL') + envProperties.require('DATABASE_URL')

// @ts-expect-error: a variable may be missing
const missing: string = env.DATABASE_URL

console.log(file, required, missing, EnvPropertiesError)
