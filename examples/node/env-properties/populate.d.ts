// env-properties 0.1.0 (MIT), from heroku-lambda-packager; sha256 of the rest: 7992a39d6cde5e05
export {}
