'use strict'

/** What can go wrong; loaded when something has. No error holds a value or a line of the file. */

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

  missing: (name, place) => new EnvPropertiesError(
    'ERR_MISSING_VARIABLE', `${name} is not set in ${place}, nor in the process environment`),

  invalidName: name => new EnvPropertiesError(
    'ERR_INVALID_VARIABLE', `${JSON.stringify(name)} cannot be the name of an environment variable`),

  invalidValue: name => new EnvPropertiesError(
    'ERR_INVALID_VARIABLE',
    `${name} cannot be an environment variable: its value holds NUL or a lone surrogate`),

  unreadable: (path, { code, message }) => new EnvPropertiesError(
    code, `cannot read ${path}: ${message}`, { path }),

  pipe: path => new EnvPropertiesError(
    'ERR_PIPE', `cannot read ${path}: a pipe must be ASCII, for it can be read only once`, { path }),

  byteOrderMark: path => new EnvPropertiesError(
    'ERR_BYTE_ORDER_MARK', `${path}, line 1: byte-order mark (save the file without one)`,
    { path, line: 1 }),

  malformedEscape: (path, line) => new EnvPropertiesError(
    'ERR_MALFORMED_ESCAPE',
    `${path}, line ${line}: malformed escape ` +
      '(\\u takes 4 hexadecimal digits; for a backslash write \\\\)',
    { path, line })
}
