'use strict'

// Answers each path on standard input with what the Node.js reader says, as Oracle.java does.

const { createInterface } = require('node:readline')
const { load } = require('../../sdk_node')

const KINDS = {
  ERR_BYTE_ORDER_MARK: 'byte-order-mark',
  ERR_MALFORMED_ESCAPE: 'malformed-escape'
}

function answer (path) {
  try {
    return { pairs: load(path) }
  } catch (error) {
    if (!(error.code in KINDS)) throw error
    return { error: { kind: KINDS[error.code], line: error.line } }
  }
}

createInterface({ input: process.stdin }).on('line', path => console.log(JSON.stringify(answer(path))))
