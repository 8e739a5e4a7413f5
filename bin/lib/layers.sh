#!/usr/bin/env bash
# Writes what describes an image to the lifecycle: its layers `packager`, `wheels` and `cache`, and
# its processes.

set -euo pipefail

# Prints everything that the contents of the layer `packager` depend on.
layers::key() {
	{
		packages::checksums
		uname -m
		echo "${CNB_TARGET_DISTRO_NAME:-} ${CNB_TARGET_DISTRO_VERSION:-}"
		echo "${CNB_LAYERS_DIR}"
		python::checksum "$(python::architecture)"
	} | sha256sum | cut --characters=1-64
}

# Prints the key of the layer `packager` in the previous image, if that is known. The
# lifecycle then reuses that layer, unless the build writes it.
layers::previous_key() {
	local file=${CNB_LAYERS_DIR}/packager.toml
	if [[ -f ${file} ]]; then
		sed --quiet 's/^[[:blank:]]*key = "\(.*\)"$/\1/p' "${file}"
	fi
}

# Whether the build can reuse the layer `packager` of the previous image. Builds of Python apps also
# run the packager, so they keep it in the cache, too.
layers::has_packager() {
	[[ $(layers::previous_key) == "$1" ]] &&
		{ ! app::is_python || [[ -d ${CNB_LAYERS_DIR}/packager && -d $(wheels::tools) ]]; }
}

layers::write_packager() {
	local cache=false
	if app::is_python; then cache=true; fi
	printf '%s\n' '[types]' 'launch = true' "cache = ${cache}" '[metadata]' "key = \"$1\"" \
		>"${CNB_LAYERS_DIR}/packager.toml"
}

# A separate layer, because its contents change with the app, and those of `packager` do not.
layers::write_wheels() {
	rm -f "${CNB_LAYERS_DIR}/wheels.toml"
	if [[ -d ${CNB_LAYERS_DIR}/wheels ]]; then
		printf '%s\n' '[types]' 'launch = true' >"${CNB_LAYERS_DIR}/wheels.toml"
	fi
}

layers::write_cache() {
	mkdir -p "${CACHE_DIR}"
	printf '%s\n' '[types]' 'cache = true' >"${CACHE_DIR}.toml"
}

# Adds the processes, which run programs in the folder $1; `release` only if $2 is true.
layers::write_processes() {
	local programs=$1 deploy_on_release=$2 procfile=${BUILD_DIR}/Procfile
	{
		if procfile::lacks_deploy "${procfile}"; then
			layers::process deploy "${programs}/deploy"
		fi
		if [[ ${deploy_on_release} == true ]] && procfile::lacks_release "${procfile}"; then
			layers::process release "${programs}/deploy-on-release"
		fi
	} >"${CNB_LAYERS_DIR}/launch.toml"
}

layers::process() {
	printf '%s\n' '[[processes]]' "type = '$1'" "command = ['$2']"
}
