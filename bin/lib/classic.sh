#!/usr/bin/env bash
# Hints of error messages in a classic build.

set -euo pipefail

# shellcheck disable=SC2034
SETTING='config var'

# Prints how to set $1 to $2.
hint::set() {
	echo "  heroku config:set $1=$2"
}

# Prints how to unset $1.
hint::unset() {
	echo "  heroku config:unset $1"
}

# Prints how to build on another operating system.
hint::system() {
	# shellcheck disable=SC2016
	echo 'choose a current stack with `heroku stack:set`'
}

# Prints how to use a released version of this buildpack.
hint::release() {
	# shellcheck disable=SC2016
	echo 'run `heroku buildpacks:set` with #TAG at the end of its URL'
}

# How to avoid the standalone Python, as item $1 of a list.
hint::other_python() {
	cat <<-EOF
		$1. Put heroku/python before this buildpack; an empty requirements.txt is
		     enough for it. The packager then uses its Python and downloads none.
	EOF
}

# How to run the buildpack $1 before this one.
hint::language() {
	echo "  heroku buildpacks:add --index 1 $1"
}
