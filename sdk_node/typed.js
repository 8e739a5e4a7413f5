'use strict'

/**
 * Typed values, required variables, and other values in a test. index.js loads this file when one
 * of its functions is first called. They take the `reader` that index.js describes.
 */

const errors = require('./errors.js')

/** A function that returns a variable as `convert` makes it of the text, or `otherwise`. */
function getter (convert) {
  return (reader, name, otherwise) => {
    const text = reader.lookUp(name)
    if (text !== undefined) return convert(text, name)
    if (otherwise !== undefined) return otherwise
    throw errors.missing([name], reader.file().place)
  }
}

const number = getter((text, name) => {
  const digits = trimmed(text)
  const value = Number(digits) + 0 // Number also takes 0x1F and an empty text; -0 becomes 0
  if (!/^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$/.test(digits)) {
    throw errors.wrongType(name, 'a number (example: 0.5)')
  }
  if (/^[-+]?\d+$/.test(digits) && !Number.isSafeInteger(value)) { // it would be another integer
    const { MIN_SAFE_INTEGER: first, MAX_SAFE_INTEGER: last } = Number
    throw errors.wrongType(name, `an integer from ${first} to ${last}`)
  }
  if (!Number.isFinite(value)) throw errors.wrongType(name, 'a number (example: 0.5)')
  return value
})

const BOOLEANS = new Map([
  ['true', true], ['yes', true], ['on', true], ['1', true],
  ['false', false], ['no', false], ['off', false], ['0', false]
])

const bool = getter((text, name) => {
  const value = BOOLEANS.get(trimmed(text).toLowerCase())
  if (value === undefined) {
    throw errors.wrongType(name, 'a boolean (use true or false, yes or no, on or off, 1 or 0)')
  }
  return value
})

const list = getter(text => text.split(',').map(trimmed).filter(item => item !== ''))

const json = getter((text, name) => {
  try {
    return JSON.parse(text)
  } catch { // the SyntaxError shows the text
    throw errors.wrongType(name, 'valid JSON')
  }
})

const BLANKS = ' \t\n\v\f\r'

/** The text without the blanks around it. String.trim also removes those of other scripts. */
function trimmed (text) {
  let start = 0
  let end = text.length
  while (start < end && BLANKS.includes(text[start])) start++
  while (start < end && BLANKS.includes(text[end - 1])) end--
  return text.slice(start, end)
}

function requireAll (reader, ...names) {
  const all = [...new Set(names)]
  const missing = all.filter(name => reader.lookUp(name) === undefined)
  if (missing.length > 0) throw errors.missing(missing, reader.file().place)
  const values = new Map(all.map(name => [name, reader.lookUp(name)]))
  return reader.readOnly('env', name => values.get(name), () => all)
}

function override (reader, values) {
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && typeof value !== 'string') {
      throw errors.invalidOverride(name, value === null ? 'null' : `a value of type ${typeof value}`)
    }
  }
  const layer = Object.entries(values)
  const before = reader.layers ?? []
  apply(reader, [...before, layer])
  return () => apply(reader, reader.layers.filter(other => other !== layer))
}

/** Of two layers with a variable the later one counts. */
function apply (reader, layers) {
  reader.layers = layers
  reader.override(new Map(layers.flat()))
}

module.exports = { number, bool, list, json, requireAll, override }
