#!/usr/bin/env bash
# Reads the app's settings at build time: ENV_DIR has one file for each. They are not exported to
# the programs of the build, and error messages do not show their values.

set -euo pipefail

# Prints the value of $1; nothing if it is not set.
config::value() {
	if [[ -n ${ENV_DIR:-} && -f ${ENV_DIR}/$1 ]]; then
		cat "${ENV_DIR}/$1"
	fi
}

# Prints the value of $1, `true` or `false`; `false` if it is not set.
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
