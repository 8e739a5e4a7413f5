import envProperties, {
  bool, env, json, list, load, number, override, populate, require, requireAll, EnvPropertiesError
} from 'env-properties'
import type { Variables } from 'env-properties'
import 'env-properties/populate'

const url: string | undefined = env.DATABASE_URL
const level: string = env['LOG_LEVEL'] ?? 'info'
const { PORT = '8080' } = env
const port: number = Number(PORT)

const typedPort: number = number('PORT')
const defaultPort: number = number('PORT', 8080)
const optionalPort: number | null = number('PORT', null)
const debug: boolean = bool('DEBUG', false)
const hosts: string[] = list('HOSTS', [])
const limits: unknown = json('LIMITS', {})
const { DATABASE_URL, TOKEN } = requireAll('DATABASE_URL', 'TOKEN')
const texts: [string, string] = [DATABASE_URL, TOKEN]
const restore: () => void = override({ DATABASE_URL: 'other', TOKEN: undefined })
restore()
envProperties.override({})()
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

// @ts-expect-error: it may be null
const notOptional: number = number('PORT', null)
// @ts-expect-error: a number is not text
const text: string = number('PORT')
// @ts-expect-error: only what is named is returned
const { OTHER } = requireAll('DATABASE_URL')
// @ts-expect-error: JSON has to be checked before it is used
const limit: number = json('LIMITS').limit
// @ts-expect-error: values are text
override({ PORT: 8080 })

console.log(url, level, port, file, other, required, same, missing)
console.log(typedPort, defaultPort, optionalPort, debug, hosts, limits, texts, notOptional)
console.log(text, OTHER, limit)
