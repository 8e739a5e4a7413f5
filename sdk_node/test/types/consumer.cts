import envProperties = require('env-properties')
import { env, load, type Variables } from 'env-properties'

const file: Variables = load('other.properties')
const url: string | undefined = env.DATABASE_URL ?? envProperties.env.DATABASE_URL
const required: string = envProperties.require('DATABASE_URL')
envProperties.populate({ override: false })

console.log(file, url, required)
