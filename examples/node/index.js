'use strict'

const ms = require('ms')
const { env } = require('./env-properties')

// Greets `name`, and shows that every value has arrived as it was set.
exports.handler = async (event) => ({
  greeting: `${env.GREETING} ${event.name ?? 'World'}`,
  shop: env.SHOP_URL,
  cacheSeconds: ms(env.CACHE_TIME) / 1000,
  features: JSON.parse(env.FEATURES),
  signature: env.SIGNATURE
})
