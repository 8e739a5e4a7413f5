#!/usr/bin/env bash
# The app's settings at build time: one file each in ENV_DIR. They are not exported to what the
# build runs, and their values are never printed.

set -euo pipefail

# Prints the value of $1; nothing if it is not set.
config::value() {
	if [[ -n ${ENV_DIR:-} && -f ${ENV_DIR}/$1 ]]; then
		cat "${ENV_DIR}/$1"
	fi
}

# Prints `true` or `false`, the value of $1; `false` if it is not set.
config::flag() {
	local value
	value=$(config::value "$1")
	case ${value,,} in
		true) echo true ;;
		false | '') echo false ;;
		*)
			output::notice <<-EOF
				The ${SETTING} $1 is neither 'true' nor 'false'.

				Change it, and push again:
				$(hint::set "$1" true)
				$(hint::unset "$1")
			EOF
			return 1
			;;
	esac
}
