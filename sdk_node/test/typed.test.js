'use strict'

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { afterEach, beforeEach, test } = require('node:test')
const util = require('node:util')
const reader = require('env-properties')

const { bool, env, json, list, load, number, override, populate, requireAll } = reader
const SECRET = 'correct horse battery staple'
const TABLE = path.join(__dirname, '..', '..', 'tests', 'conformance', 'typed.json')
const CASES = fs.existsSync(TABLE) ? JSON.parse(fs.readFileSync(TABLE, 'utf8')) : {}
const GETTERS = { integer: number, number, boolean: bool, list, json }
const options = { skip: !fs.existsSync(TABLE) && 'the table of types is not beside this package' }

let folder
let restoreEmpty

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'env-properties-'))
  restoreEmpty = override({ ENV_PROPERTIES_FILE: undefined, LAMBDA_TASK_ROOT: undefined })
})

afterEach(() => {
  restoreEmpty()
  fs.rmSync(folder, { recursive: true })
})

/** Writes a file and returns its path. */
function write (name, content) {
  fs.writeFileSync(path.join(folder, name), content)
  return path.join(folder, name)
}

/** What a function returns while variables have other values. */
function overridden (values, body) {
  const restore = override(values)
  try {
    return body()
  } finally {
    restore()
  }
}

/** Checks that reading a value is an error with this message, which shows nothing of it. */
function assertRefused (getter, value, message) {
  assert.throws(() => overridden({ VALUE: value }, () => getter('VALUE', 'default')), error => {
    assert.deepEqual({ ...error }, { code: 'ERR_WRONG_TYPE' })
    assert.equal(error.message, `VALUE ${message}`)
    assert.equal(error.cause, undefined)
    assert.doesNotMatch(util.inspect(error, { depth: 9, showHidden: true }), new RegExp(SECRET))
    return error instanceof reader.EnvPropertiesError
  })
}

test('the table has cases of every type', options, () => {
  assert.deepEqual(Object.keys(CASES), Object.keys(GETTERS))
  for (const [kind, { good, bad }] of Object.entries(CASES)) {
    assert.notEqual(good.length, 0)
    assert.equal(bad.length === 0, kind === 'list') // every text is a list
  }
})

for (const [kind, { good, bad, error }] of Object.entries(CASES)) {
  for (const [value, result] of good) {
    test(`${kind} of ${JSON.stringify(value)}`, () => {
      assert.deepEqual(overridden({ VALUE: value }, () => GETTERS[kind]('VALUE')), result)
    })
  }
  if (kind === 'integer') continue // the bad integers are good numbers, or bad numbers below
  for (const value of bad) {
    test(`${kind} refuses ${JSON.stringify(value)}`, () => {
      assertRefused(GETTERS[kind], value, error)
    })
  }
}

for (const value of ['9007199254740992', '-9007199254740992', '12345678901234567890', '9'.repeat(5e3)]) {
  test(`number refuses the integer ${value.slice(0, 20)}, as it would be another one`, () => {
    assertRefused(number, value, 'is not an integer from -9007199254740991 to 9007199254740991')
  })
}

test('a number may be larger if it is not written as an integer', () => {
  assert.equal(overridden({ A: '1e21' }, () => number('A')), 1e21)
})

test('megabytes of blanks or digits are no matter', () => {
  const blanks = ' '.repeat(2e6)
  assert.equal(overridden({ A: `${blanks}1${blanks}` }, () => number('A')), 1)
  assertRefused(number, `1${blanks}2`, 'is not a number (example: 0.5)')
  assertRefused(number, `${'1'.repeat(2e6)}x`, 'is not a number (example: 0.5)')
})

test('JSON of any depth is a value or an error of the reader', () => {
  const depth = 1e6
  try {
    overridden({ A: '['.repeat(depth) + ']'.repeat(depth) }, () => json('A'))
  } catch (error) {
    assert.equal(error.code, 'ERR_WRONG_TYPE')
  }
})

test('values are read from the process environment and the file', () => {
  process.env.PORT = '2'
  try {
    const file = write('file', 'PORT=1\nHOSTS=a,b\nLIMITS={\\\n"a": 1}\n')
    overridden({ ENV_PROPERTIES_FILE: file }, () => {
      assert.deepEqual([number('PORT'), list('HOSTS'), json('LIMITS')], [2, ['a', 'b'], { a: 1 }])
    })
  } finally {
    delete process.env.PORT
  }
})

for (const [kind, getter] of Object.entries(GETTERS)) {
  test(`a default of ${kind} is for a variable that is not set`, () => {
    for (const value of [null, false, 0, '', []]) assert.equal(getter('ABSENT', value), value)
    for (const given of [[], [undefined]]) {
      assert.throws(() => getter('ABSENT', ...given), error =>
        error.code === 'ERR_MISSING_VARIABLE' && error.message.startsWith('ABSENT is not set in '))
    }
  })
}

test('an empty value does not get the default', () => {
  overridden({ EMPTY: '' }, () => {
    assert.deepEqual(list('EMPTY', ['default']), [])
    for (const getter of [number, bool, json]) {
      assert.throws(() => getter('EMPTY', 1), { code: 'ERR_WRONG_TYPE' })
    }
  })
})

test('requireAll returns the values and shows names only', () => {
  overridden({ A: SECRET, B: '' }, () => {
    const values = requireAll('B', 'A', 'B')
    const { A, B } = values
    assert.deepEqual([A, B, values.PATH], [SECRET, '', undefined])
    assert.deepEqual({ ...values }, { B: '', A: SECRET })
    assert.equal(util.inspect(values), '[env: B, A]')
    assert.throws(() => { values.A = '1' }, TypeError)
    assert.deepEqual({ ...requireAll() }, {})
  })
})

test('requireAll names every missing variable once', () => {
  overridden({ A: SECRET }, () => {
    assert.throws(() => requireAll('NONE', 'A', 'OTHER', 'NONE'), error => {
      assert.match(error.message, /^NONE, OTHER are not set in env\.properties \(not found: /)
      assert.match(error.message, /, nor in the process environment$/)
      assert.doesNotMatch(util.inspect(error), new RegExp(SECRET))
      return error.code === 'ERR_MISSING_VARIABLE'
    })
    assert.throws(() => requireAll('A', 'NONE'), /^EnvPropertiesError: NONE is not set in /)
  })
})

test('an override comes first, until it is restored', () => {
  process.env.BOTH = 'process'
  try {
    const restore = override({ BOTH: 'override', NEW: 'override' })
    assert.deepEqual([env.BOTH, env.NEW], ['override', 'override'])
    assert.equal('NEW' in env, true)
    assert.deepEqual(Object.keys(env).filter(name => name === 'BOTH' || name === 'NEW'), ['BOTH', 'NEW'])
    assert.deepEqual([process.env.BOTH, process.env.NEW], ['process', undefined])
    restore()
    assert.deepEqual([env.BOTH, env.NEW, 'NEW' in env], ['process', undefined, false])
  } finally {
    delete process.env.BOTH
  }
})

test('undefined hides a variable', () => {
  overridden({ ENV_PROPERTIES_FILE: write('file', 'A=file\n') }, () => {
    assert.deepEqual([env.A, 'PATH' in env], ['file', true])
    overridden({ A: undefined, PATH: undefined }, () => {
      assert.deepEqual([env.A, env.PATH, number('A', 7)], [undefined, undefined, 7])
      assert.deepEqual(Object.keys(env).filter(name => name === 'A' || name === 'PATH'), [])
      assert.doesNotMatch(util.inspect(env), /\bPATH\b/)
      assert.throws(() => requireAll('A', 'PATH'), /A, PATH are not set/)
    })
    assert.equal(env.A, 'file')
  })
})

test('overrides can be nested, and end in any order', () => {
  const outer = override({ A: 'outer', B: 'outer' })
  const inner = override({ A: 'inner' })
  assert.deepEqual([env.A, env.B], ['inner', 'outer'])
  outer()
  assert.deepEqual([env.A, env.B], ['inner', undefined])
  inner()
  inner()
  assert.equal(env.A, undefined)
})

test('the file is read again in an override and after it', () => {
  const first = write('first', 'A=first\nFIRST=1\n')
  const second = write('second', 'A=second\n')
  restoreEmpty()
  const named = process.env.ENV_PROPERTIES_FILE
  try {
    process.env.ENV_PROPERTIES_FILE = first
    overridden({}, () => assert.equal(env.A, 'first'))
    process.env.ENV_PROPERTIES_FILE = second
    assert.deepEqual([env.A, env.FIRST], ['second', undefined])
    overridden({ ENV_PROPERTIES_FILE: first }, () => {
      assert.deepEqual([env.A, { ...load() }], ['first', { A: 'first', FIRST: '1' }])
    })
    assert.equal(env.A, 'second')
  } finally {
    delete process.env.ENV_PROPERTIES_FILE
    if (named !== undefined) process.env.ENV_PROPERTIES_FILE = named
  }
})

test('a malformed file in one test does not spoil the next', () => {
  overridden({ ENV_PROPERTIES_FILE: write('file', 'A=\\u12\n') }, () => {
    assert.throws(() => number('A', 1), { code: 'ERR_MALFORMED_ESCAPE' })
  })
  assert.equal(number('A', 1), 1)
})

test('populate uses the file of an override', () => {
  overridden({ ENV_PROPERTIES_FILE: write('file', 'POPULATED_BY_A_TEST=1\n') }, () => populate())
  assert.equal(process.env.POPULATED_BY_A_TEST, '1')
  delete process.env.POPULATED_BY_A_TEST
})

test('the values are those of the call, whatever their names', () => {
  const values = { 'a.b': '1', '': '2', 'A=B': '3', ['__proto__']: '4', constructor: '5' }
  const expected = Object.entries(values)
  overridden(values, () => {
    values['a.b'] = 'changed'
    assert.deepEqual(expected.map(([name]) => [name, env[name]]), expected)
  })
})

test('an override is text or undefined', () => {
  for (const [value, type] of [[8080, 'a value of type number'], [null, 'null'], [[], 'a value of type object']]) {
    assert.throws(() => override({ PORT: value }), {
      code: 'ERR_INVALID_VARIABLE',
      message: `PORT cannot be overridden by ${type}: use a string or undefined`
    })
  }
})

test('typed.js is loaded when it is used, and loads nothing else', () => {
  const program = `
    const { strict: assert } = require('node:assert')
    const names = () => Object.keys(require.cache).map(file => require('node:path').basename(file))
    const reader = require('env-properties')
    reader.env.A
    reader.env.ABSENT
    reader.load()
    assert.deepEqual(names(), ['index.js'])
    reader.number('A', 1)
    assert.deepEqual(names(), ['index.js', 'typed.js', 'errors.js'])`
  const output = execFileSync(process.execPath, ['--eval', program], {
    cwd: __dirname,
    encoding: 'utf8',
    env: { ...process.env, ENV_PROPERTIES_FILE: write('file', 'A=1\n') }
  })
  assert.equal(output, '')
})
