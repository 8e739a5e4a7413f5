'use strict'

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { afterEach, beforeEach, test } = require('node:test')
const util = require('node:util')
const { EnvPropertiesError, load, populate } = require('env-properties')

const SECRET = 'correct horse battery staple'
const AWKWARD = [
  '__proto__', 'constructor', 'hasOwnProperty', 'inspect', 'length', 'prototype', 'then', 'toJSON',
  'toString', 'valueOf'
]

let environment
let folder
let file

beforeEach(() => {
  environment = { ...process.env }
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'env-properties-'))
  file = path.join(folder, 'file.properties')
  delete process.env.LAMBDA_TASK_ROOT
  process.env.ENV_PROPERTIES_FILE = file
})

afterEach(() => {
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, environment)
  fs.rmSync(folder, { recursive: true })
})

/** The module as it is in a process that has not used it yet. */
function fresh () {
  delete require.cache[require.resolve('env-properties')]
  return require('env-properties')
}

/** Runs a program in a process of its own; returns its output. */
function run (program, { env = {}, type = 'commonjs' } = {}) {
  const args = [`--input-type=${type}`, '--eval', program]
  const output = { cwd: __dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }
  return execFileSync(process.execPath, args, { ...output, env: { ...process.env, ...env } })
}

const write = text => fs.writeFileSync(file, text, 'latin1')

const GRAMMAR = [
  ['', {}],
  ['A=1\nB:2\rC 3\r\nD\t4', { A: '1', B: '2', C: '3', D: '4' }],
  ['  A\f:\t1 ', { A: '1 ' }],
  ['A = = 1', { A: '= 1' }],
  ['A', { A: '' }],
  ['=1', { '': '1' }],
  ['A=1\nA=2', { A: '2' }],
  ['#A=1\n \t! B=2\\\nC=3', { C: '3' }],
  ['A=1\\\n  , 2\\\r\n, 3\\\r, 4', { A: '1, 2, 3, 4' }],
  ['A=1\\\n\nB=2', { A: '1', B: '2' }],
  ['A=1\\\\\nB=2', { A: '1\\', B: '2' }],
  ['A=1\\', { A: '1' }],
  ['\\', { '': '' }],
  ['\\\r\n', {}],
  ['A\\=\\:\\ B=1', { 'A=: B': '1' }],
  ['A=\\t\\n\\r\\f\\\\\\"\\a\\0', { A: '\t\n\r\f\\"a0' }],
  ['A=\\u00e9\\u20AC\\ud83d\\\n \\ude00', { A: 'é€😀' }],
  ['A=\\u00\\\n  e9', { A: 'é' }],
  ['A=\xe9\x85\x1c\x0b\xa0', { A: '\xe9\x85\x1c\x0b\xa0' }]
]

for (const [text, pairs] of GRAMMAR) {
  test(`the file ${JSON.stringify(text)} has ${JSON.stringify(pairs)}`, () => {
    write(text)
    assert.deepEqual({ ...load() }, pairs)
  })
}

test('every UTF-16 unit can be escaped, lone surrogates too', () => {
  const units = Array.from({ length: 0x10000 }, (_, unit) => unit)
  const escapes = units.map(unit => '\\u' + unit.toString(16).padStart(4, '0'))
  write(`A=${escapes.join('')}`)
  assert.equal(load().A, String.fromCharCode(...units))
})

const MALFORMED = [
  ['\xef\xbb\xbfA=1', 1, 'ERR_BYTE_ORDER_MARK'],
  ['A=\\u', 1, 'ERR_MALFORMED_ESCAPE'],
  ['A=\\u00g9', 1, 'ERR_MALFORMED_ESCAPE'],
  ['\\u004=1', 1, 'ERR_MALFORMED_ESCAPE'],
  ['A=1\r\nB=2\r\rC=\\u00zz', 4, 'ERR_MALFORMED_ESCAPE'],
  ['# \\u\nA=\\\n  1\\\n  2\\u00zz\\\n 3', 4, 'ERR_MALFORMED_ESCAPE'],
  ['A\\u12 \\\n = \\u34', 1, 'ERR_MALFORMED_ESCAPE'],
  ['A=\\\n\\\n\\u00\\\nzz', 3, 'ERR_MALFORMED_ESCAPE']
]

for (const [text, line, code] of MALFORMED) {
  test(`the file ${JSON.stringify(text)} is malformed in line ${line}`, () => {
    write(text)
    assert.throws(() => load(), error =>
      error instanceof EnvPropertiesError && error.message.startsWith(`${file}, line ${line}: `) &&
      error.line === line && error.path === file && error.code === code)
  })
}

test('an error about a malformed file shows nothing of it', () => {
  write(`OTHER=${SECRET}\nA=${SECRET}\\u12`)
  assert.throws(() => load(), error => {
    assert.doesNotMatch(util.inspect(error, { depth: 9, showHidden: true }), new RegExp(SECRET))
    return error.code === 'ERR_MALFORMED_ESCAPE'
  })
})

const LARGE = {
  'one line': ['A=' + 'x'.repeat(5e6), 5e6],
  'one key': ['x'.repeat(5e6) + '\nA=1', 1],
  backslashes: ['A=' + '\\'.repeat(5e6), 2.5e6],
  'lone surrogates': ['A=' + '\\ud800'.repeat(8e5), 8e5],
  continuations: ['A=' + 'x\\\n'.repeat(16e5), 16e5],
  'empty continuations': ['\\\n'.repeat(25e5) + 'A=1', 1],
  lines: ['N=0\n'.repeat(25e5) + 'A=1', 1]
}

for (const [what, [text, length]] of Object.entries(LARGE)) {
  test(`megabytes of ${what} are read`, () => {
    write(text)
    assert.equal(load().A.length, length)
  })
}

test('env is the process environment, then the file', () => {
  write('BOTH=file\nFILE=file')
  process.env.BOTH = process.env.PROCESS = 'process'
  const { env } = fresh()
  assert.deepEqual([env.BOTH, env.FILE, env.PROCESS, env.NONE],
    ['process', 'file', 'process', undefined])
})

test('env can be read like any other object', () => {
  write('A=1\nB=2')
  for (const name of Object.keys(process.env)) {
    if (name !== 'ENV_PROPERTIES_FILE') delete process.env[name]
  }
  process.env.A = '0'
  const { env } = fresh()
  const { A, B, C = '3', ...others } = env
  assert.deepEqual([A, B, C, others], ['0', '2', '3', { ENV_PROPERTIES_FILE: file }])
  assert.deepEqual([...Object.keys(env)].sort(), ['A', 'B', 'ENV_PROPERTIES_FILE'])
  assert.deepEqual({ ...env }, { ENV_PROPERTIES_FILE: file, A: '0', B: '2' })
  assert.deepEqual(JSON.parse(JSON.stringify(env)), { ...env })
  assert.deepEqual(Object.entries(env), Object.entries({ ...env }))
  assert.deepEqual(['A' in env, 'B' in env, 'C' in env], [true, true, false])
  assert.equal(Object.prototype.hasOwnProperty.call(env, 'B'), true)
  const names = []
  for (const name in env) names.push(name)
  assert.deepEqual(names, Object.keys(env))
})

test('env reads the file once, at its first use', () => {
  const { env } = fresh()
  write('A=1')
  assert.equal(env.A, '1')
  write('A=2')
  assert.equal(env.A, '1')
  assert.equal(load().A, '2')
})

test('env and the result of load are read-only', () => {
  write('A=1')
  const { env, load } = fresh()
  for (const variables of [env, load()]) {
    for (const change of [
      () => { variables.A = SECRET },
      () => { variables.NEW = SECRET },
      () => { delete variables.A },
      () => Object.defineProperty(variables, 'A', { value: SECRET }),
      () => Object.setPrototypeOf(variables, {}),
      () => Object.freeze(variables),
      () => Object.assign(variables, { A: SECRET })
    ]) {
      assert.throws(change, TypeError)
    }
    assert.equal(variables.A, '1')
  }
})

test('awkward names are undefined where they are not set', async () => {
  write('')
  const { env, load } = fresh()
  for (const variables of [env, load()]) {
    for (const name of AWKWARD) {
      assert.equal(variables[name], undefined)
      assert.equal(name in variables, false)
    }
    assert.equal(await variables, variables)
  }
})

test('awkward names are found where they are set', async () => {
  write(AWKWARD.map(name => `${name}=${name} in the file`).join('\n'))
  const { env, load } = fresh()
  for (const variables of [env, load()]) {
    for (const name of AWKWARD) assert.equal(variables[name], `${name} in the file`)
    assert.equal(await variables, variables)
    assert.deepEqual(Object.keys(variables).filter(name => AWKWARD.includes(name)), AWKWARD)
    assert.equal(Object.keys(JSON.parse(JSON.stringify(variables))).includes('__proto__'), true)
  }
  const inProcess = Object.fromEntries(AWKWARD.map(name => [name, 'in the process']))
  const program = `
    const { env } = require('env-properties')
    console.log(JSON.stringify(${JSON.stringify(AWKWARD)}.map(name => env[name])))`
  Object.defineProperty(inProcess, '__proto__', { value: 'in the process', enumerable: true })
  assert.deepEqual(JSON.parse(run(program, { env: inProcess })), Object.values(inProcess))
})

test('names that no process environment can hold are found in the file', () => {
  write('A\\=B=1\nA\\u0000=2\n\\ud800=3\n=4')
  process.env.A = 'B=5'
  process.env['\ufffd'] = '6'
  const { env } = fresh()
  assert.deepEqual([env['A=B'], env['A\0'], env['\ud800'], env['']], ['1', '2', '3', '4'])
})

test('no inspection shows a value', () => {
  write(`NAME=${SECRET}`)
  const { env, load } = fresh()
  for (const variables of [env, load()]) {
    for (const shown of [String(variables), `${variables}`, util.inspect(variables),
      util.format('%s %o %O', variables, variables, variables), util.inspect({ variables })]) {
      assert.match(shown, /NAME/)
      assert.doesNotMatch(shown, new RegExp(SECRET))
    }
    for (const options of [{ customInspect: false }, { showProxy: true }, { showHidden: true }]) {
      assert.doesNotMatch(util.inspect(variables, options), new RegExp(SECRET))
    }
    assert.equal(util.inspect.custom in variables, true) // chai asks so before it calls it
    assert.throws(() => assert.deepEqual(variables, []),
      error => !util.inspect(error).includes(SECRET))
    assert.throws(() => structuredClone(variables), error => !util.inspect(error).includes(SECRET))
  }
})

test('require returns a value, or is an error with the places searched', () => {
  write('A=1')
  const { require: requireVariable } = fresh()
  assert.equal(requireVariable('A'), '1')
  assert.throws(() => requireVariable('NONE'), {
    name: 'EnvPropertiesError',
    code: 'ERR_MISSING_VARIABLE',
    message: `NONE is not set in ${file}, nor in the process environment`
  })
  delete process.env.ENV_PROPERTIES_FILE
  process.env.LAMBDA_TASK_ROOT = folder
  assert.throws(() => fresh().require('NONE'), error =>
    ['ENV_PROPERTIES_FILE', `${folder}/env.properties`, '/opt/env.properties']
      .every(place => error.message.includes(place)))
})

test('without a file env is the process environment', () => {
  delete process.env.ENV_PROPERTIES_FILE
  assert.deepEqual({ ...load() }, {})
  assert.deepEqual({ ...fresh().env }, { ...process.env })
})

test('the file is searched in order', () => {
  const given = path.join(folder, 'given.properties')
  fs.writeFileSync(given, 'PLACE=given')
  write('PLACE=named')
  fs.writeFileSync(path.join(folder, 'env.properties'), 'PLACE=task root')
  process.env.LAMBDA_TASK_ROOT = folder
  assert.equal(load(given).PLACE, 'given')
  assert.equal(load().PLACE, 'named')
  process.env.ENV_PROPERTIES_FILE = ''
  assert.equal(load().PLACE, 'task root')
})

test('a file that is named must exist', () => {
  fs.writeFileSync(path.join(folder, 'env.properties'), '')
  process.env.LAMBDA_TASK_ROOT = folder
  for (const given of [undefined, file]) {
    assert.throws(() => load(given), error => error instanceof EnvPropertiesError &&
      error.code === 'ENOENT' && error.path === file && error.message.includes(file))
  }
})

test('a directory is an error, not a missing file', () => {
  delete process.env.ENV_PROPERTIES_FILE
  process.env.LAMBDA_TASK_ROOT = folder
  const directory = path.join(folder, 'env.properties')
  fs.mkdirSync(directory)
  assert.throws(() => load(), error => error.path === directory && error.code !== 'ENOENT' &&
    error.message.includes(directory))
})

test('a file without permission is an error', { skip: !process.geteuid }, () => {
  write('A=1')
  fs.chmodSync(file, 0)
  const isRoot = process.geteuid() === 0
  if (isRoot) process.seteuid(65534) // root may read all files
  try {
    assert.throws(() => load(), { code: 'EACCES', path: file })
  } finally {
    if (isRoot) process.seteuid(0)
  }
})

test('a pipe is read, or an error if it is not ASCII', { skip: process.platform === 'win32' }, () => {
  const program = "console.log(require('env-properties').load().A)"
  const read = (place, command) => execFileSync('sh', ['-c', command, process.execPath, program], {
    cwd: __dirname,
    encoding: 'utf8',
    env: { ...process.env, ENV_PROPERTIES_FILE: place },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000
  })
  const ways = [
    ['/dev/stdin', text => `printf '${text}' | "$0" -e "$1"`],
    [file, text => `printf '${text}' > "$ENV_PROPERTIES_FILE" & "$0" -e "$1"`]
  ]
  execFileSync('mkfifo', [file])
  for (const [place, command] of ways) {
    assert.equal(read(place, command('A=1')), '1\n')
    assert.throws(() => read(place, command('A=\\303\\251')), /a pipe must be ASCII/)
  }
})

test('populate adds missing variables, or overrides', () => {
  write('BOTH=file\nFILE=\\u00e9\\n\n__proto__=1')
  process.env.BOTH = 'process'
  populate()
  assert.deepEqual([process.env.BOTH, process.env.FILE], ['process', 'é\n'])
  assert.equal(Object.keys(process.env).includes('__proto__'), true)
  populate({ override: true })
  assert.equal(process.env.BOTH, 'file')
})

for (const pair of ['NAME=\\u0000', 'NAME=\\ud800', 'NAME=\\ude00\\ud83d']) {
  test(`populate refuses ${pair} and sets nothing`, () => {
    write(`FIRST=1\n${pair}${SECRET}`)
    assert.throws(() => populate(), error => error.code === 'ERR_INVALID_VARIABLE' &&
      error.message.startsWith('NAME ') && !util.inspect(error).includes(SECRET))
    assert.equal(process.env.FIRST, undefined)
  })
}

for (const name of ['A\\=B', 'A\\u0000', 'A\\ud800', '']) {
  test(`populate refuses the name ${JSON.stringify(name)}`, () => {
    write(`${name}=${SECRET}`)
    assert.throws(() => populate(), { code: 'ERR_INVALID_VARIABLE', message: /cannot be the name/ })
  })
}

test('ES module and CommonJS share one env', async () => {
  const commonjs = fresh()
  const module = await import(`../index.mjs?${Math.random()}`)
  assert.equal(module.env, commonjs.env)
  assert.equal(module.default, commonjs)
  for (const [name, exported] of Object.entries(commonjs)) assert.equal(module[name], exported)
})

test('importing env-properties/populate populates', () => {
  write('A=1')
  const print = 'console.log(process.env.A)'
  assert.equal(run(`require('env-properties/populate'); ${print}`), '1\n')
  assert.equal(run(`import 'env-properties/populate'; ${print}`, { type: 'module' }), '1\n')
})

test('nothing but node:fs is loaded, and nothing is printed', () => {
  write('A=\\u00e9')
  const program = `
    require('node:fs')
    require('env-properties/package.json') // loads what node finds packages by
    const before = process.moduleLoadList.length
    const { env, populate } = require('env-properties')
    populate()
    Object.keys(env)
    const loaded = process.moduleLoadList.slice(before)
    require('node:assert/strict').deepEqual(loaded, [])`
  assert.equal(run(program), '')
})
