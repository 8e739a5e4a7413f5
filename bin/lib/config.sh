#!/usr/bin/env bash
# The app's config vars at build time: one file each in ENV_DIR. They are not exported to what the
# build runs, and their values are never printed.

set -euo pipefail

# The value of the config var $1; nothing if it is not set.
config::value() {
	if [[ -n ${ENV_DIR:-} && -f ${ENV_DIR}/$1 ]]; then
		cat "${ENV_DIR}/$1"
	fi
}

# `true` or `false`, as the config var $1 says; not set is false.
config::flag() {
	local value
	value=$(config::value "$1")
	case ${value,,} in
		true) echo true ;;
		false | '') echo false ;;
		*)
			output::notice <<-EOF
				The config var $1 is neither 'true' nor 'false'.

				Set one of them, and push again:
				  heroku config:set $1=true
				  heroku config:unset $1
			EOF
			return 1
			;;
	esac
}
