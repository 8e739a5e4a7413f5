'use strict'

require('./index.js').populate()
