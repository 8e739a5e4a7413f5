#!/usr/bin/env bash
# Installs the dependencies of a Python app for the function when the app is built. Every deploy of
# that build then ships the same bytes, and dynos need no installer and no index.

set -euo pipefail

# Prints the folder in the cache for uv, which only builds need.
wheels::tools() {
	local key
	key=$({
		cat "${BUILDPACK_DIR}/bin/build-requirements.lock"
		uname -m
	} | sha256sum | cut --characters=1-16)
	echo "${CACHE_DIR}/tools-${key}"
}

# Installs uv into the cache with pip of the Python in the folder $1, unless it is there.
wheels::install_tools() {
	local python_home=$1 tools
	tools=$(wheels::tools)
	if [[ ! -d ${tools} ]]; then
		output::detail "Installing uv with pip"
		packages::pip_install "${python_home}" "${BUILDPACK_DIR}/bin/build-requirements.lock" \
			"${INCOMING}/tools"
		rm -rf "${CACHE_DIR}"/tools-*
		mv "${INCOMING}/tools" "${tools}"
	fi
}

# Installs the app's dependencies into the folder $2 with the packager in the folder $1. If the app
# has none, the folder is not created.
wheels::install() {
	local packager=$1 folder=$2 options=()
	if ! app::is_python; then
		return
	fi
	if [[ -d ${ENV_DIR:-} ]]; then options=(--env-dir "${ENV_DIR}"); fi

	output::step "Installing the app's Python dependencies for the function"
	if ! XDG_CACHE_HOME=${CACHE_DIR} python::run "$(python::home "${packager}")" -S -X utf8 \
		"${BUILDPACK_DIR}/bin/lib/prebuild.py" "${packager}/packages" "$(wheels::tools)" \
		"${BUILD_DIR}" "${folder}" "${options[@]}" |& output::indent; then
		output::notice <<-EOF
			The app's Python dependencies could not be installed for the function.

			See the reason above. Your app is unchanged.

			What you can do:
			  1. If the function's runtime is not known, name it:
			     $(hint::set _LAMBDA_RUNTIME python3.13)
			  2. If it has another architecture than this machine, name that:
			     $(hint::set _LAMBDA_ARCHITECTURE arm64)
		EOF
		return 1
	fi
}
