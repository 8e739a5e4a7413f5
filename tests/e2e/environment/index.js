// A handler that does not know the packager: it returns its environment.
exports.main = async ({ prefix }) =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith(prefix)))
