const names = ['debug', 'ms', 'lib', 'is-odd', 'is-number', 'is-even']

/** The versions of what the code of a module can load. */
const loadable = (module) => {
  const versions = {}
  for (const name of names) {
    try {
      versions[name] = module.require(`${name}/package.json`).version
    } catch {
      // The module cannot load it.
    }
  }
  return versions
}

exports.handler = async () => {
  require('semver').valid('1.2.3')
  require('debug')('fn')
  return { app: loadable(module), debug: loadable(require.cache[require.resolve('debug')]) }
}
