'use strict'

// Prints the result of the Node.js reader for each path on standard input, as Oracle.java does.

const { createInterface } = require('node:readline')
const { load } = require('../../sdk_node')

const KINDS = {
  ERR_BYTE_ORDER_MARK: 'byte-order-mark',
  ERR_MALFORMED_ESCAPE: 'malformed-escape'
}

function result (path) {
  try {
    return { pairs: load(path) }
  } catch (error) {
    if (!(error.code in KINDS)) throw error
    return { error: { kind: KINDS[error.code], line: error.line } }
  }
}

createInterface({ input: process.stdin }).on('line', path => console.log(JSON.stringify(result(path))))
