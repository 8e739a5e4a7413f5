#!/usr/bin/env bash
# The Procfile: the app's own lines stay as they are, the packager's are added where there is none.

set -euo pipefail

procfile::add_processes() {
	local procfile=$1 deploy_on_release=$2

	if procfile::has "${procfile}" deploy; then
		output::detail "The Procfile has a 'deploy:' of its own: left as it is"
	else
		procfile::add "${procfile}" 'deploy: deploy'
	fi

	if [[ ${deploy_on_release} != true ]]; then
		return
	fi
	if ! procfile::has "${procfile}" release; then
		procfile::add "${procfile}" 'release: deploy-on-release'
		output::detail "Each release deploys the function (_LAMBDA_DEPLOY_ON_RELEASE)"
	elif ! grep --quiet '^release:.*deploy-on-release' "${procfile}"; then
		output::notice <<-'EOF'
			_LAMBDA_DEPLOY_ON_RELEASE is true, but releases do not deploy the function.

			The Procfile has a 'release:' of its own, which is left as it is.

			Ways out:
			  1. To deploy at each release, add to the end of that line:
			       && deploy-on-release
			  2. To deploy by hand: heroku config:unset _LAMBDA_DEPLOY_ON_RELEASE
		EOF
	fi
}

procfile::has() {
	[[ -f $1 ]] && grep --quiet "^$2:" "$1"
}

# By way of a copy: the app's file may be read-only, and its last line may lack the newline.
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
