#!/usr/bin/env bash
# Installs the packager and its dependencies, which bin/requirements.lock pins.

set -euo pipefail

LOCK=${BUILDPACK_DIR}/bin/requirements.lock

# The data of botocore for the services that the packager calls, and for credentials by a profile
# (sso, sso-oidc, signin) or an assumed role (sts). Its other 400 services take 25 MB.
BOTOCORE_SERVICES=(lambda s3 signin sso sso-oidc sts)

# Installs the packager and its dependencies to $1/packages, which is below $3 at run time, for the
# Python of the folder $2. The cache keeps the bytecode too, because compiling takes longer than
# everything else in a build.
packages::install() {
	local staging=$1 python_home=$2 final=$3 dependencies cached earlier
	dependencies=${CACHE_DIR}/packages-$(packages::dependencies_key "${python_home}")
	cached=${dependencies}-$(packages::bytecode_key "${staging}" "${final}")

	if [[ -d ${cached} ]]; then
		output::detail "Using the dependencies in the build cache"
		cp -R "${cached}/." "${staging}"
		return
	fi

	# Those of another version of the packager or of Python, or of another folder at run time.
	earlier=$(compgen -G "${dependencies}-*" | head --lines=1) || true
	if [[ -n ${earlier} ]]; then
		output::detail "Using the dependencies in the build cache"
		cp -R "${earlier}/packages" "${staging}"
		rm -r "${staging}/packages/packager"
		find "${staging}/packages" -name __pycache__ -prune -exec rm -r {} +
	else
		output::detail "Installing the dependencies with pip"
		packages::pip_install "${python_home}" "${LOCK}" "${INCOMING}/packages"
		packages::trim "${INCOMING}/packages"
		mv "${INCOMING}/packages" "${staging}"
	fi
	packages::copy_own "${staging}/packages"
	packages::precompile "${staging}" "${python_home}" "${final}"
	packages::keep "${staging}" "${cached}"
}

# The same lock, Python, machine and way of installing produce the same dependencies.
packages::dependencies_key() {
	{
		cat "${LOCK}" "${BUILDPACK_DIR}/bin/lib/packages.sh"
		python::run "$1" -c '
import importlib.util, sys
print(sys.version_info[:2], importlib.util.MAGIC_NUMBER)
'
		uname -m
		echo "${STACK:-}"
	} | sha256sum | cut --characters=1-16
}

# The same buildpack, the same standalone Python in the folder $1, if there is one, and the same
# folder $2 at run time produce the same bytecode.
packages::bytecode_key() {
	{
		packages::checksums
		if [[ -d $1/python ]]; then python::checksum "$(python::architecture)"; fi
		echo "$2"
	} | sha256sum | cut --characters=1-16
}

# Prints the checksum of each file of the buildpack that a build may use.
packages::checksums() {
	(
		cd "${BUILDPACK_DIR}"
		find bin packager sdk_python sdk_node sdk_java -name __pycache__ -prune -o -type f -print0 |
			LC_ALL=C sort --zero-terminated | xargs --null sha256sum
	)
}

# Keeps the packages of the folder $1, and the bytecode of its Python, in the folder $2 of the cache.
packages::keep() {
	local staging=$1 cached=$2 kept=${INCOMING}/kept
	mkdir "${kept}"
	cp -R "${staging}/packages" "${kept}"
	(
		cd "${staging}"
		find . -path './python/*/__pycache__' -prune -exec cp -R --parents -t "${kept}" {} +
	)
	rm -rf "${CACHE_DIR}"/packages-*
	mv "${kept}" "${cached}"
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
