// env-properties 0.1.0 (MIT), from heroku-lambda-packager; sha256 of the rest: e402210117a457bb
'use strict'

/**
 * The app's config: the process environment first, then the file `env.properties`, which the
 * packager puts into the deployment package. The file's grammar is that of java.util.Properties,
 * with one difference: a byte-order mark or a malformed `\u` is an error. Nothing is printed, and no
 * error or inspection shows a value. index.d.ts describes the API.
 */

// V8 compiles functions in parentheses with the file. It scans all others first and compiles them
// when they are called, which costs every cold start a sixth of its time here.
/* eslint no-extra-parens: off */

const { readFileSync, statSync } = require('node:fs')

const load = (function (path) {
  const { place, pairs } = find(path)
  return readOnly(place, name => pairs.get(name), () => [...pairs.keys()])
})

let firstFound

/** The file that `env` reads once, when it is first needed. */
function file () {
  firstFound ??= find()
  return firstFound
}

/** In a test: a map of the values that come first, in which undefined hides a variable. */
let overrides

function lookUp (name) {
  if (overrides?.has(name)) return overrides.get(name)
  return isSet(name) ? process.env[name] : file().pairs.get(name)
}

function requireVariable (name) {
  const value = lookUp(name)
  if (value === undefined) throw errors().missing([name], file().place)
  return value
}

function populate ({ override = false } = {}) {
  const { pairs } = find()
  const names = [...pairs.keys()].filter(name => override || !isSet(name))
  for (const name of names) {
    if (!canBeName(name)) throw errors().invalidName(name)
    if (!canBeValue(pairs.get(name))) throw errors().invalidValue(name)
  }
  for (const name of names) process.env[name] = pairs.get(name)
}

// What the process environment can hold. For other names process.env returns the value of a similar
// one: for A\0 that of A, and for A=B the end of the value of A if that begins with B=.
const canBeName = name => /^[^=\0\ud800-\udfff]+$/u.test(name)
const canBeValue = value => /^[^\0\ud800-\udfff]*$/u.test(value)

function isSet (name) {
  return canBeName(name) && Object.prototype.hasOwnProperty.call(process.env, name)
}

/**
 * An object whose properties are variables and nothing else, whatever their names. Tools that look
 * behind a proxy find no values; two symbols give the names to tools that show objects.
 */
const readOnly = (function (place, lookUp, names) {
  const show = () => `[${place}: ${names().join(', ')}]`
  const hidden = {
    __proto__: null,
    [Symbol.for('nodejs.util.inspect.custom')]: show,
    [Symbol.toPrimitive]: show
  }
  const refuse = () => false
  return new Proxy(hidden, {
    get: (_, name) => typeof name === 'symbol' ? hidden[name] : lookUp(name),
    has: (_, name) => typeof name === 'symbol' ? name in hidden : lookUp(name) !== undefined,
    ownKeys: names,
    getOwnPropertyDescriptor (_, name) {
      const value = typeof name === 'symbol' ? undefined : lookUp(name)
      return value === undefined ? undefined : { value, enumerable: true, configurable: true }
    },
    set: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
    preventExtensions: refuse,
    setPrototypeOf: refuse
  })
})

/** The pairs in the file at `path` or, without `path`, in the first file that exists. */
const find = (function (path) {
  path ??= setting('ENV_PROPERTIES_FILE') || undefined
  return path === undefined ? search() : read(path)
})

const setting = (function (name) {
  return overrides?.has(name) ? overrides.get(name) : process.env[name]
})

function search () {
  const folders = [setting('LAMBDA_TASK_ROOT'), '/opt'].filter(Boolean)
  const places = folders.map(folder => `${folder}/env.properties`)
  for (const place of places) {
    try {
      return read(place)
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
  }
  const place = `env.properties (not found: $ENV_PROPERTIES_FILE, ${places.join(', ')})`
  return { place, pairs: new Map() }
}

const read = (function (path) {
  const place = String(path)
  return { place, pairs: parse(contents(path, place), place) }
})

/** The file as ISO-8859-1. Node.js reads UTF-8 ten times as fast, and ASCII is the same in both. */
const contents = (function (path, place) {
  try {
    const utf8 = readFileSync(path, 'utf8')
    if (!/[^\0-\x7f]/.test(utf8)) return utf8
    if (statSync(path).isFile()) return readFileSync(path, 'latin1')
  } catch (error) {
    throw errors().unreadable(place, error)
  }
  throw errors().pipe(place)
})

const parse = (function (text, path) {
  if (text.startsWith('\xef\xbb\xbf')) throw errors().byteOrderMark(path)
  const pairs = new Map()
  const lines = naturalLines(text)
  for (let index = 0; index < lines.length; index++) {
    const number = index + 1
    let line = lines[index]
    let start = afterBlanks(line, 0)
    if (start === line.length || line[start] === '#' || line[start] === '!') continue
    let parts = null
    if (line.endsWith('\\')) {
      const isAlone = start === line.length - 1
      if (isAlone && number < lines.length) continue
      parts = partsOfLogicalLine(lines, index)
      index += parts.length - 1
      line = parts.join('')
      start = 0
    }
    const end = endOfKey(line, start)
    const value = startOfValue(line, end)
    if (!line.includes('\\')) {
      pairs.set(line.slice(start, end), line.slice(value))
      continue
    }
    const origin = { path, number, parts }
    const key = unescaped(line, start, end, origin)
    pairs.set(key, unescaped(line, value, line.length, origin))
  }
  return pairs
})

/**
 * The natural lines. The last character of the file is dropped if it ends a line, so that a
 * backslash alone on the last line is an empty key, as in the JDK; before CR LF it is not, there too.
 */
const naturalLines = (function (text) {
  const end = text.endsWith('\n') || text.endsWith('\r') ? text.length - 1 : text.length
  return text.slice(0, end).split(text.includes('\r') ? /\r\n?|\n/ : '\n')
})

/** The part that each natural line adds to the logical line that begins at an index. */
function partsOfLogicalLine (lines, index) {
  const parts = []
  for (; index < lines.length; index++) {
    const line = lines[index].slice(afterBlanks(lines[index], 0))
    const isContinued = backslashesAtEnd(line) % 2 === 1
    parts.push(isContinued ? line.slice(0, -1) : line)
    if (!isContinued) break
  }
  return parts
}

function malformedEscape ({ path, number, parts }, position) {
  const before = parts === null ? 0 : partAt(parts, position)
  return errors().malformedEscape(path, number + before)
}

/** The index of the part of a logical line that holds the character at a position. */
function partAt (parts, position) {
  let index = 0
  while (position >= parts[index].length) position -= parts[index++].length
  return index
}

function backslashesAtEnd (line) {
  let count = 0
  while (line.endsWith('\\', line.length - count)) count++
  return count
}

/** Compares numbers, as characters are slower: this loop takes longest, and V8 never optimizes it. */
const endOfKey = (function (line, start) {
  let end = start
  while (end < line.length) {
    switch (line.charCodeAt(end)) {
      case 0x09: // tab
      case 0x0c: // form feed
      case 0x20: // blank
      case 0x3a: // :
      case 0x3d: // =
        return end
      case 0x5c: // backslash
        end += 2
        break
      default:
        end++
    }
  }
  return end
})

const startOfValue = (function (line, endOfKey) {
  const start = afterBlanks(line, endOfKey)
  return line[start] === '=' || line[start] === ':' ? afterBlanks(line, start + 1) : start
})

const afterBlanks = (function (line, start) {
  while (line[start] === ' ' || line[start] === '\t' || line[start] === '\f') start++
  return start
})

const ESCAPES = { t: '\t', n: '\n', r: '\r', f: '\f' }

/** The key or value between two positions of a logical line. */
const unescaped = (function (line, start, end, origin) {
  let text = ''
  let backslash = line.indexOf('\\', start)
  while (backslash >= 0 && backslash < end) {
    text += line.slice(start, backslash)
    start = backslash + 2
    const escape = line[backslash + 1]
    if (escape === 'u') {
      start += 4
      const digits = line.slice(backslash + 2, start)
      // One more digit is appended, because Number ignores blanks at the end.
      const unit = Number(`0x${digits}0`) / 16
      if (digits.length < 4 || Number.isNaN(unit)) throw malformedEscape(origin, backslash)
      text += String.fromCharCode(unit)
    } else {
      text += ESCAPES[escape] ?? escape
    }
    backslash = line.indexOf('\\', start)
  }
  return text + line.slice(start, end)
})

const errors = () => require('./errors.js')

function names () {
  const all = [Object.keys(process.env), file().pairs.keys(), overrides?.keys() ?? []]
  return [...new Set(all.flatMap(some => [...some]))].filter(name => lookUp(name) !== undefined)
}

const env = readOnly('env', lookUp, names)

/** What typed.js needs of this file. */
const reader = {
  lookUp,
  file,
  readOnly,
  override (values) {
    overrides = values
    firstFound = undefined // it may be another file now
  }
}

function typed (name, given) {
  return require('./typed.js')[name](reader, ...given)
}

module.exports = {
  env,
  load,
  populate,
  require: requireVariable,
  requireAll: (...given) => typed('requireAll', given),
  number: (...given) => typed('number', given),
  bool: (...given) => typed('bool', given),
  list: (...given) => typed('list', given),
  json: (...given) => typed('json', given),
  override: (...given) => typed('override', given),
  get EnvPropertiesError () {
    return errors().EnvPropertiesError
  }
}
