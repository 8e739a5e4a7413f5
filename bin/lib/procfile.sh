#!/usr/bin/env bash
# The Procfile: the app's own lines stay, and the packager adds its processes if they are missing.

set -euo pipefail

# Adds the packager's processes to the Procfile $1: the release process if $2 is true.
procfile::add_processes() {
	local procfile=$1 deploy_on_release=$2

	if procfile::lacks_deploy "${procfile}"; then
		procfile::add "${procfile}" 'deploy: deploy'
	fi
	if [[ ${deploy_on_release} == true ]] && procfile::lacks_release "${procfile}"; then
		procfile::add "${procfile}" 'release: deploy-on-release'
	fi
}

# Whether to add a process `deploy`.
procfile::lacks_deploy() {
	if procfile::has "$1" deploy; then
		output::detail "The Procfile has a 'deploy:' of its own, which is not changed"
		return 1
	fi
}

# Whether to add a process `release`; warns if releases do not deploy.
procfile::lacks_release() {
	local procfile=$1
	if ! procfile::has "${procfile}" release; then
		output::detail "Each release deploys the function (_LAMBDA_DEPLOY_ON_RELEASE)"
		return 0
	fi
	if ! grep --quiet '^release:.*deploy-on-release' "${procfile}"; then
		output::notice <<-EOF
			_LAMBDA_DEPLOY_ON_RELEASE is true, but releases do not deploy the function.

			The Procfile has a 'release:' of its own, which is not changed.

			What you can do:
			  1. To deploy at each release, add to the end of that line:
			       && deploy-on-release
			  2. To deploy by hand:
			     $(hint::unset _LAMBDA_DEPLOY_ON_RELEASE)
		EOF
	fi
	return 1
}

procfile::has() {
	[[ -f $1 ]] && grep --quiet "^$2:" "$1"
}

# Writes a copy, because the app's file may be read-only, and its last line may lack the newline.
procfile::add() {
	local procfile=$1 line=$2 copy=$1.new
	{
		if [[ -f ${procfile} ]]; then
			cat "${procfile}"
			if [[ -n $(tail --bytes=1 "${procfile}") ]]; then echo; fi
		fi
		echo "${line}"
	} >"${copy}"
	mv -f "${copy}" "${procfile}"
}
