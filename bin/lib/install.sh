#!/usr/bin/env bash
# Installs the packager, in both kinds of build. It needs BUILDPACK_DIR, BUILD_DIR (the app),
# CACHE_DIR and ENV_DIR.

set -euo pipefail

# shellcheck source=bin/lib/output.sh
source "${BUILDPACK_DIR}/bin/lib/output.sh"
# shellcheck source=bin/lib/config.sh
source "${BUILDPACK_DIR}/bin/lib/config.sh"
# shellcheck source=bin/lib/python.sh
source "${BUILDPACK_DIR}/bin/lib/python.sh"
# shellcheck source=bin/lib/app.sh
source "${BUILDPACK_DIR}/bin/lib/app.sh"
# shellcheck source=bin/lib/packages.sh
source "${BUILDPACK_DIR}/bin/lib/packages.sh"
# shellcheck source=bin/lib/wheels.sh
source "${BUILDPACK_DIR}/bin/lib/wheels.sh"
# shellcheck source=bin/lib/procfile.sh
source "${BUILDPACK_DIR}/bin/lib/procfile.sh"

# Files that are not complete yet, on the file system of the cache.
INCOMING=${CACHE_DIR}/incoming

# Installs to the folder $1, which is $2 at run time, with the Python that the function $3 finds.
install::packager() {
	local folder=$1 final=$2 find_python=$3 python_home unbuilt

	unbuilt=$(app::unbuilt)
	if [[ ${unbuilt} == java ]]; then app::check java; fi

	rm -rf "${INCOMING}"
	mkdir -p "${folder}" "${INCOMING}"
	cp -R "${BUILDPACK_DIR}/bin/dyno/." "${folder}"

	output::step "Choosing a Python for the Lambda packager"
	python_home=$("${find_python}" "${folder}")

	output::step "Installing the Lambda packager"
	packages::install "${folder}" "${python_home}" "${final}"
	app::check "${unbuilt}" "${folder}" "${python_home}"
	if app::is_python; then wheels::install_tools "${python_home}"; fi
	python::trim "${folder}"
}
