// env-properties 0.1.0 (MIT), from heroku-lambda-packager; sha256 of the rest: e2b295d7bd0b79b8
'use strict'

/**
 * The app's config, as the packager put it into the deployment package: the process environment
 * first, then the file `env.properties`. The file's grammar is that of java.util.Properties, with
 * one difference: a byte-order mark or a malformed `\u` is an error. Nothing is ever printed, and
 * no error or inspection shows a value. The API is described in index.d.ts.
 */

// Functions in parentheses are compiled with the file, all the others only looked over and compiled
// when they are called: twice the work for what every cold start needs, a sixth of its time here.
/* eslint no-extra-parens: off */

const { readFileSync, statSync } = require('node:fs')

const load = (function (path) {
  const { place, pairs } = find(path)
  return readOnly(place, name => pairs.get(name), () => [...pairs.keys()])
})

let firstFound

/** The file that `env` reads: once, when it is first needed. */
function file () {
  firstFound ??= find()
  return firstFound
}

function lookUp (name) {
  return isSet(name) ? process.env[name] : file().pairs.get(name)
}

function requireVariable (name) {
  const value = lookUp(name)
  if (value === undefined) throw errors().missing(name, file().place)
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

// What the process environment can hold. Asked for another name, process.env answers for one that
// is like it: for A where A\0 is meant, and for A=B with the end of what A holds if that is B=….
const canBeName = name => /^[^=\0\ud800-\udfff]+$/u.test(name)
const canBeValue = value => /^[^\0\ud800-\udfff]*$/u.test(value)

function isSet (name) {
  return canBeName(name) && Object.prototype.hasOwnProperty.call(process.env, name)
}

/**
 * An object whose properties are variables and nothing else, whatever their names. The values are
 * out of reach of tools that look behind a proxy; for those that ask, symbols tell the names.
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

/** The pairs of the file at `path` or, without one, at the first place where there is one. */
const find = (function (path) {
  path ??= process.env.ENV_PROPERTIES_FILE || undefined
  return path === undefined ? search() : read(path)
})

function search () {
  const folders = [process.env.LAMBDA_TASK_ROOT, '/opt'].filter(Boolean)
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

/** The file as ISO-8859-1. Node reads UTF-8 ten times as fast, and ASCII is the same in both. */
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
 * What stands between line ends. At a line end the JDK looks one character further for the end of
 * the file, and there reads a backslash alone as an empty key; but not before CR LF, which are two.
 */
const naturalLines = (function (text) {
  const end = text.endsWith('\n') || text.endsWith('\r') ? text.length - 1 : text.length
  return text.slice(0, end).split(text.includes('\r') ? /\r\n?|\n/ : '\n')
})

/** What each natural line adds to the logical line that begins at an index. */
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

/** Which part of a logical line holds the character at a position. */
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

/** Compares numbers, not characters: the loop that takes longest runs once, never optimized. */
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
      // With one more digit behind them, as Number takes no notice of blanks at an end.
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

const env = readOnly('env', lookUp, () =>
  [...new Set([...Object.keys(process.env), ...file().pairs.keys()])])

module.exports = {
  env,
  load,
  populate,
  require: requireVariable,
  get EnvPropertiesError () {
    return errors().EnvPropertiesError
  }
}
