'use strict'

// Prints the typed values in Node.js for each text on standard input, as typed_python.py does.

const { createInterface } = require('node:readline')
const { number, bool, list, override, EnvPropertiesError } = require('../../sdk_node')

const getters = { number, boolean: bool, list }

createInterface({ input: process.stdin }).on('line', line => {
  const text = String.fromCharCode(...(line.match(/.{4}/g) ?? []).map(unit => parseInt(unit, 16)))
  const restore = override({ VALUE: text })
  const values = {}
  for (const [name, getter] of Object.entries(getters)) {
    try {
      values[name] = getter('VALUE')
    } catch (error) {
      if (!(error instanceof EnvPropertiesError)) throw error
      values[name] = null
    }
  }
  restore()
  console.log(JSON.stringify(values))
})
