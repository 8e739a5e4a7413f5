'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const test = require('node:test')
const { load } = require('env-properties')

const SUITE = path.join(__dirname, '..', '..', 'tests', 'conformance')
const CASES = path.join(SUITE, 'cases')

const options = {
  skip: !fs.existsSync(SUITE) && 'the conformance suite is not beside this package'
}

/** The variables in a file, or the error, in the form of the cases. */
function result (file) {
  try {
    return { pairs: Object.entries(load(file)).sort() }
  } catch (error) {
    if (error.line === undefined) throw error
    const kind = error.code.replace('ERR_', '').replaceAll('_', '-').toLowerCase()
    return { error: { kind, line: error.line } }
  }
}

function expected (file) {
  const { pairs, error } = JSON.parse(fs.readFileSync(file, 'utf8'))
  return error ? { error } : { pairs: Object.entries(pairs).sort() }
}

test('a file gives what java.util.Properties reads in it', options, async t => {
  const names = fs.readdirSync(CASES).filter(name => name.endsWith('.properties'))
  assert.notEqual(names.length, 0, 'there are no cases')
  for (const name of names) {
    await t.test(name, () => {
      const file = path.join(CASES, name)
      assert.deepEqual(result(file), expected(file.replace(/properties$/, 'json')))
    })
  }
})
