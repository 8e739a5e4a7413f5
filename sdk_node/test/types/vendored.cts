import { env, number, EnvPropertiesError } from '../../index.js'

const url: string | undefined = env.DATABASE_URL

const port: number = number('PORT', 8080)

console.log(url, port, EnvPropertiesError)
