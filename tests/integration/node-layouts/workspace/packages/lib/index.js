exports.short = (time) => require('ms')(time)
