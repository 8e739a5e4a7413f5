// env-properties 0.1.0 (MIT), from heroku-lambda-packager; sha256 of the rest: 63df6df7cc096489
'use strict'

/** The errors; index.js loads this file when it raises one. None holds a value or a line of the file. */

class EnvPropertiesError extends Error {
  constructor (code, message, details) {
    super(message)
    this.code = code
    Object.assign(this, details)
  }

  get name () {
    return 'EnvPropertiesError'
  }
}

module.exports = {
  EnvPropertiesError,

  missing: (names, place) => new EnvPropertiesError(
    'ERR_MISSING_VARIABLE',
    `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} not set in ${place}, ` +
      'nor in the process environment'),

  wrongType: (name, wanted) => new EnvPropertiesError(
    'ERR_WRONG_TYPE', `${name} is not ${wanted}`),

  invalidOverride: (name, type) => new EnvPropertiesError(
    'ERR_INVALID_VARIABLE', `${name} cannot be overridden by ${type}: use a string or undefined`),

  invalidName: name => new EnvPropertiesError(
    'ERR_INVALID_VARIABLE', `${JSON.stringify(name)} cannot be the name of an environment variable`),

  invalidValue: name => new EnvPropertiesError(
    'ERR_INVALID_VARIABLE',
    `${name} cannot be an environment variable: its value holds NUL or a lone surrogate`),

  unreadable: (path, { code, message }) => new EnvPropertiesError(
    code, `cannot read ${path}: ${message}`, { path }),

  pipe: path => new EnvPropertiesError(
    'ERR_PIPE', `cannot read ${path}: a pipe must be ASCII, as it can be read only once`, { path }),

  byteOrderMark: path => new EnvPropertiesError(
    'ERR_BYTE_ORDER_MARK', `${path}, line 1: byte-order mark (save the file without one)`,
    { path, line: 1 }),

  malformedEscape: (path, line) => new EnvPropertiesError(
    'ERR_MALFORMED_ESCAPE',
    `${path}, line ${line}: malformed escape ` +
      '(\\u takes 4 hexadecimal digits; for a backslash write \\\\)',
    { path, line })
}
