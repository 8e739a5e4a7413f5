#!/usr/bin/env bash
# Checks that the app was built: a buildpack for its language must run before this one, which
# installs no modules and builds no jar.

set -euo pipefail

# Prints the language of an app that was not built: java, if that is certain; node, if package.json
# may list dependencies, which app::check checks.
app::unbuilt() {
	# These apps need no modules and no jar, or the user has switched checks off.
	if [[ -n $(config::value _LAMBDA_ZIP_FILE) || $(config::value _LAMBDA_CHECKS) =~ ^(off|warn)$ ]] ||
		app::is_python; then
		return
	fi
	if [[ -n $(app::java_build) ]]; then
		if [[ ! -f ${BUILD_DIR}/package.json && -z $(app::archives) ]]; then echo java; fi
	elif [[ -f ${BUILD_DIR}/package.json && ! -d ${BUILD_DIR}/node_modules ]] &&
		grep --quiet '"dependencies"' "${BUILD_DIR}/package.json"; then
		echo node
	fi
}

# Fails if the app of the language $1 is not built. For node, the packager in the folder $2 checks
# it with the Python in the folder $3.
app::check() {
	local language=$1 staging=${2:-} python_home=${3:-} file missing

	case ${language} in
		java)
			file=$(app::java_build)
			output::notice <<-EOF
				The app has a ${file}, but no jar.

				This buildpack does not build it. A buildpack for Java must run before this one.

				Run these two commands:
				$(hint::language "$(app::java_buildpack)")
				  git push heroku main
			EOF
			return 1
			;;
		node)
			missing=$(python::run "${python_home}" -S "${BUILDPACK_DIR}/bin/lib/missing_modules.py" \
				"${staging}" "${BUILD_DIR}")
			if [[ -n ${missing} ]]; then
				output::notice <<-EOF
					The app's dependencies are not installed: ${missing}.

					package.json lists them, but the folder node_modules does not exist. This buildpack
					does not install them: a buildpack for Node.js does, before this one.

					Run these two commands:
					$(hint::language heroku/nodejs)
					  git push heroku main

					If they are bundled into the code, add node_modules to .lambdaignore.
				EOF
				return 1
			fi
			;;
	esac
}

# Returns whether the app may list Python dependencies; an empty file lists none.
app::is_python() {
	local file
	for file in requirements.txt pyproject.toml Pipfile{,.lock} {poetry,uv}.lock pylock.toml; do
		[[ -s ${BUILD_DIR}/${file} ]] && return 0
	done
	return 1
}

# Prints the name of the app's Maven or Gradle build file, if it has one.
app::java_build() {
	local file
	for file in pom.xml {build,settings}.gradle{,.kts} gradlew; do
		if [[ -f ${BUILD_DIR}/${file} ]]; then
			echo "${file}"
			return
		fi
	done
}

app::java_buildpack() {
	if [[ -f ${BUILD_DIR}/pom.xml ]]; then echo heroku/java; else echo heroku/gradle; fi
}

# Prints a jar or zip of the app, if it has one; but not of its tools, such as the Gradle wrapper.
app::archives() {
	find "${BUILD_DIR}" -mindepth 1 \( -name '.*' -o -path "${BUILD_DIR}/gradle/wrapper" \) -prune -o \
		\( -name '*.jar' -o -name '*.zip' \) -print -quit
}
