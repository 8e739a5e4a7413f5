#!/usr/bin/env bash
# Installs the packager and its dependencies, which bin/requirements.lock pins.

set -euo pipefail

LOCK=${BUILDPACK_DIR}/bin/requirements.lock

# The data of botocore for the services that the packager calls, and for credentials by a profile
# (sso, sso-oidc, signin) or an assumed role (sts). Its other 400 services take 25 MB.
BOTOCORE_SERVICES=(lambda s3 signin sso sso-oidc sts)

# Installs the packager and its dependencies to $1/packages, for the Python of the folder $2.
packages::install() {
	local staging=$1 python_home=$2 cached installed=${INCOMING}/packages
	cached=${CACHE_DIR}/packages-$(packages::cache_key "${python_home}")

	if [[ -d ${cached} ]]; then
		output::detail "Using the dependencies in the build cache"
	else
		output::detail "Installing the dependencies with pip"
		packages::pip_install "${python_home}" "${LOCK}" "${installed}"
		packages::trim "${installed}"
		rm -rf "${CACHE_DIR}"/packages-*
		mv "${installed}" "${cached}"
	fi
	cp -R "${cached}" "${staging}/packages"
	packages::copy_own "${staging}/packages"
}

# The same lock, Python, machine and way of installing produce the same packages.
packages::cache_key() {
	{
		cat "${LOCK}" "${BUILDPACK_DIR}/bin/lib/packages.sh"
		python::run "$1" -c 'import sys; print(sys.version_info[:2])'
		uname -m
		echo "${STACK:-}"
	} | sha256sum | cut --characters=1-16
}

# Installs the pins of the lock file $2 into the folder $3, with pip of the Python in the folder $1.
packages::pip_install() {
	local python_home=$1 lock=$2 target=$3

	if ! PIP_ROOT_USER_ACTION=ignore python::run "${python_home}" -m pip install \
		--require-hashes --requirement "${lock}" --only-binary :all: --target "${target}" \
		--no-compile --no-cache-dir --no-input --disable-pip-version-check --progress-bar off --quiet \
		|& output::indent; then
		output::notice <<-EOF
			The packager's dependencies could not be installed.

			See pip's message above. Your app and the build cache are unchanged.

			What you can do:
			  1. Build again: the package index or the network may have been unavailable
			     (https://status.python.org).
			  2. Hashes that do not match: your own package index has to serve the same
			     files as PyPI.
			  3. "No matching distribution": $(hint::system),
			     and a Python from 3.10 to 3.14.
		EOF
		return 1
	fi
}

packages::trim() {
	local target=$1 kept=() service

	for service in "${BOTOCORE_SERVICES[@]}"; do
		kept+=(! -name "${service}")
	done
	find "${target}/botocore/data" -mindepth 1 -maxdepth 1 -type d "${kept[@]}" -exec rm -r {} +

	# The packager uses none of these: programs whose first lines name this build's Python, models of
	# boto3's resources, and the languages that rich could highlight.
	rm -r "${target:?}"/{bin,boto3/data,boto3/examples}
	find "${target}/pygments/lexers" -name '*.py' ! -name __init__.py ! -name _mapping.py -delete
	find "${target}" -type d \( -name test -o -name tests \) -prune -exec rm -r {} +
}

# The packager itself is pure Python, so a copy of its sources and those of the readers is what a
# wheel would install.
packages::copy_own() {
	local target=$1
	cp -R "${BUILDPACK_DIR}/packager" "${target}"
	find "${target}/packager" -name __pycache__ -prune -exec rm -r {} +

	local vendored=${target}/packager/_vendored
	mkdir -p "${vendored}"
	(
		cd "${BUILDPACK_DIR}"
		cp -R --parents sdk_python/env_properties sdk_java/src/main "${vendored}"
		cp --parents sdk_node/*.{js,mjs,ts,mts} sdk_node/package.json "${vendored}"
	)
}

# Compiles the modules that a deploy imports, with paths in the folder $3: compiling would take half
# of the time of each `deploy`. Importing them also checks that the installation is complete.
packages::precompile() {
	local staging=$1 python_home=$2 final=$3

	if ! python::run "${python_home}" -S "${BUILDPACK_DIR}/bin/lib/precompile.py" \
		"${staging}" "${final}" |& output::indent; then
		output::notice <<-EOF
			The packager does not start with this Python.

			See Python's message above. Your app is unchanged.

			What you can do:
			  1. With the Python of heroku/python: name another version from 3.10 to 3.14
			     in the file .python-version.
			  2. If a module of the packager itself is missing, use a released version:
			     $(hint::release).
		EOF
		return 1
	fi
}
