#!/usr/bin/env bash
# Hints of error messages in a Cloud Native build.

set -euo pipefail

# shellcheck disable=SC2034
SETTING='build variable'

# Prints how to set $1 to $2.
hint::set() {
	echo "  project.toml: [[io.buildpacks.build.env]] with name = \"$1\" and value = \"$2\""
}

# Prints how to unset $1.
hint::unset() {
	echo "  project.toml: remove the entry for $1"
}

# Prints how to build on another operating system.
hint::system() {
	echo 'choose a current builder'
}

# Prints how to use a released version of this buildpack.
hint::release() {
	echo 'name a release archive in project.toml'
}

# Nothing avoids the standalone Python here: the Pythons of other buildpacks have no pip, and may
# differ at run time.
hint::other_python() {
	:
}

# How to run the buildpack $1 before this one.
hint::language() {
	echo "  in project.toml, before the Lambda packager: [[io.buildpacks.group]] with id = \"$1\""
}
