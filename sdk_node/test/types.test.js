'use strict'

const { spawnSync } = require('node:child_process')
const assert = require('node:assert/strict')
const path = require('node:path')
const test = require('node:test')

const PROJECT = path.join(__dirname, 'types')

/** The compiler, a development dependency; undefined before `npm install`. */
function compiler () {
  try {
    return require.resolve('typescript/bin/tsc')
  } catch {
    if (process.env.REQUIRE_ALL === '1') throw new Error('typescript is missing: run npm install')
  }
}

const tsc = compiler()

test('programs in TypeScript compile against index.d.ts', { skip: !tsc && 'no typescript' }, () => {
  const { status, stdout } = spawnSync(process.execPath, [tsc, '--project', PROJECT])
  assert.equal(String(stdout), '')
  assert.equal(status, 0)
})
