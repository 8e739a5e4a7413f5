// env-properties 0.1.0 (MIT), from heroku-lambda-packager; sha256 of the rest: 7cc7a3abaa3d7470
'use strict'

require('./index.js').populate()
