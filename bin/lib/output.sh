#!/usr/bin/env bash
# What the build log shows, in the form of Heroku's own buildpacks. All of it goes to stderr, which
# Heroku shows as well, because stdout carries the results of functions.

set -euo pipefail

output::step() {
	printf -- '-----> %s\n' "$1" >&2
}

output::detail() {
	printf '       %s\n' "$1" >&2
}

output::indent() {
	sed --unbuffered 's/^/       /' >&2
}

# Shows the lines of stdin as a warning or an error.
output::notice() {
	{
		echo
		sed 's/^/ !     /'
		echo
	} >&2
}

output::megabytes() {
	du --summarize --bytes "$1" | awk '{ printf "%.1f MB", $1 / 1e6 }'
}
