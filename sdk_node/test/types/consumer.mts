import envProperties, { env, load, populate, require, EnvPropertiesError } from 'env-properties'
import type { Variables } from 'env-properties'
import 'env-properties/populate'

const url: string | undefined = env.DATABASE_URL
const level: string = env['LOG_LEVEL'] ?? 'info'
const { PORT = '8080' } = env
const port: number = Number(PORT)
const file: Variables = load()
const other: Variables = load('other.properties')
const required: string = require('DATABASE_URL')
const same: string = envProperties.require('DATABASE_URL')
populate()
populate({ override: true })

try {
  load()
} catch (error) {
  if (error instanceof EnvPropertiesError) {
    const code: string = error.code
    const line: number | undefined = error.line
    const path: string | undefined = error.path
    console.log(code, line, path)
  }
}

// @ts-expect-error: a variable may be missing
const missing: string = env.DATABASE_URL
// @ts-expect-error: variables are read-only
env.DATABASE_URL = 'other'
// @ts-expect-error: there is nothing to override by a string
populate('override')

console.log(url, level, port, file, other, required, same, missing)
