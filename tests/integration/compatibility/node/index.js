'use strict'

const PropertiesReader = require('properties-reader')

const properties = PropertiesReader('env.properties')

exports.handler = async (names) => names.map((name) => properties.get(name))
