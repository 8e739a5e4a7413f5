import envProperties = require('env-properties')
import { env, load, number, requireAll, type Variables } from 'env-properties'

const file: Variables = load('other.properties')
const url: string | undefined = env.DATABASE_URL ?? envProperties.env.DATABASE_URL
const required: string = envProperties.require('DATABASE_URL')
envProperties.populate({ override: false })
const port: number = number('PORT', 8080) + envProperties.number('OTHER_PORT')
const { TOKEN }: { readonly TOKEN: string } = requireAll('TOKEN')

console.log(file, url, required, port, TOKEN)
