'use strict'

exports.handler = async () => Object.keys(require('lodash')).length
