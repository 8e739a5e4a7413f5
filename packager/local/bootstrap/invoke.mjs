// Runs a Node.js handler once, as Lambda's own runtime would.
//
//   node invoke.mjs RESPONSE DEADLINE < event
//
// RESPONSE is the file for the handler's response (exit status 0) or the name of its error (exit
// status 1); DEADLINE is in milliseconds since 1970. _HANDLER and LAMBDA_TASK_ROOT name the
// handler. How Lambda finds it: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'

const [responseFile, deadline] = process.argv.slice(2)
const { env } = process

class HandlerNotFound extends Error {
  name = 'HandlerNotFound'
}

function isModule (file) {
  if (!file.endsWith('.js')) return file.endsWith('.mjs')
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const description = join(folder, 'package.json')
    if (existsSync(description)) return JSON.parse(readFileSync(description)).type === 'module'
    if (folder === dirname(folder)) return false
  }
}

async function load (name) {
  const root = resolve(env.LAMBDA_TASK_ROOT)
  const file = ['.js', '.mjs', '.cjs'].map((suffix) => join(root, name + suffix)).find(existsSync)
  if (!file) throw new HandlerNotFound(`The package has no ${name}.js, .mjs or .cjs`)
  return isModule(file) ? import(pathToFileURL(file)) : createRequire(file)(file)
}

// `src/app.hello.handler` is the member `hello.handler` of the module `src/app`.
async function findHandler (string) {
  const [, name, path] = /^((?:.*\/)?[^.]*)\.(.*)$/.exec(string) ?? []
  if (!name) throw new HandlerNotFound(`${string} is not of the form module.function`)
  const handler = path.split('.').reduce((object, key) => object?.[key], await load(name))
  if (typeof handler !== 'function') {
    throw new HandlerNotFound(`${string} is not a function that the module exports`)
  }
  return handler
}

const streaming = Symbol('streaming')

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
globalThis.awslambda = {
  streamifyResponse: (handler) => Object.assign(handler, { [streaming]: true }),
  // Metadata is for function URLs, which do not exist here.
  HttpResponseStream: { from: (stream) => stream }
}

class ResponseStream extends Writable {
  chunks = []
  setContentType () {}
  _write (chunk, encoding, callback) {
    this.chunks.push(Buffer.from(chunk, encoding))
    callback()
  }
}

async function stream (handler, event, context) {
  const response = new ResponseStream()
  const finished = new Promise((resolve, reject) => {
    response.on('finish', resolve)
    response.on('error', reject)
  })
  await handler(event, response, context)
  await finished
  return Buffer.concat(response.chunks)
}

function call (handler, event) {
  return new Promise((resolve, reject) => {
    const callback = (error, response) => error ? reject(error) : resolve(response)
    const context = {
      callbackWaitsForEmptyEventLoop: true,
      functionName: env.AWS_LAMBDA_FUNCTION_NAME,
      functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
      memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
      invokedFunctionArn: env.PACKAGER_FUNCTION_ARN,
      awsRequestId: env.PACKAGER_REQUEST_ID,
      getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
      done: callback,
      succeed: resolve,
      fail: reject
    }
    if (handler[streaming]) {
      stream(handler, event, context).then(resolve, reject)
      return
    }
    // A handler that neither returns a promise nor calls back is done when the event loop is empty.
    process.once('beforeExit', () => resolve(null))
    const response = handler(event, context, callback)
    if (typeof response?.then === 'function') response.then(resolve, reject)
  })
}

function end (status, text) {
  writeFileSync(responseFile, text)
  process.exit(status)
}

function fail (error) {
  // The location in this file does not help the user.
  console.error(error instanceof HandlerNotFound ? String(error) : error)
  end(1, error instanceof Error ? error.name : typeof error)
}

process.on('uncaughtException', fail)
try {
  const event = JSON.parse(readFileSync(0, 'utf8'))
  const response = await call(await findHandler(env._HANDLER), event)
  end(0, Buffer.isBuffer(response) ? response : JSON.stringify(response) ?? 'null')
} catch (error) {
  fail(error)
}
