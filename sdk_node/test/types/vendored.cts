import { env, EnvPropertiesError } from '../../index.js'

const url: string | undefined = env.DATABASE_URL

console.log(url, EnvPropertiesError)
