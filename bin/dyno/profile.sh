#!/usr/bin/env bash
# Puts `deploy` and `packager` on the dyno's PATH.
export PATH="${HOME}/.heroku-lambda-packager/bin:${PATH}"
