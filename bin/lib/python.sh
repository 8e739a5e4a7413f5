#!/usr/bin/env bash
# Provides the Python that runs the packager: heroku/python's if the packager can use it, else a
# standalone one, because the run images of heroku-24 and heroku-26 have none.

set -euo pipefail

# shellcheck source=bin/lib/pinned-python.sh
source "${BUILDPACK_DIR}/bin/lib/pinned-python.sh"

# Runs the Python in the folder $1 with its own libpython. It ignores the PYTHON* variables that
# heroku/python exports to later buildpacks, and writes no bytecode, which would name the folder of
# the build.
python::run() {
	local home=$1
	shift
	LD_LIBRARY_PATH=${home}/lib "${home}/bin/python3" -I -B "$@"
}

# Prints the folder of heroku/python's Python if it is fit, else downloads a standalone one to $1.
python::choose() {
	local staging=$1 herokus=${BUILD_DIR}/.heroku/python

	if [[ -x ${herokus}/bin/python3 ]] && python::is_fit "${herokus}"; then
		echo "${herokus}"
	else
		python::bring_home "${staging}"
	fi
}

# Prints the folder of the Python that runs the packager in the folder $1.
python::home() {
	if [[ -d $1/python ]]; then echo "$1/python"; else echo "${BUILD_DIR}/.heroku/python"; fi
}

# Puts a standalone Python into the folder $1 and prints its own folder.
python::bring_home() {
	python::bring "$1"
	echo "$1/python"
}

# Returns whether the packager can run on the Python in the folder $1; the log says why not.
python::is_fit() {
	local found
	found=$(python::run "$1" -c '
import importlib.util, sys
print("%d.%d" % sys.version_info[:2], "pip" if importlib.util.find_spec("pip") else "")
' 2>/dev/null) || found='that does not start'

	case ${found} in
		3.1[0-4]' pip')
			output::detail "Using the Python ${found% pip} of heroku/python"
			;;
		3.1[0-4]' ')
			output::detail "The Python ${found% } of heroku/python has no pip: using a standalone one"
			return 1
			;;
		*)
			output::notice <<-EOF
				heroku/python installed a Python ${found% pip}.

				The packager runs on Python 3.10 to 3.14. It adds a Python of its own to
				the slug, about 45 MB before compression. Your app keeps its Python, and
				everything works.

				To save the space, name a newer Python in the file .python-version.
			EOF
			return 1
			;;
	esac
}

# Unpacks a standalone Python to $1/python. python.exclude lists what stays out: tests, headers,
# tools of developers, Tcl/Tk, and bytecode, which names the folder it was compiled in.
python::bring() {
	local staging=$1 archive version
	archive=$(python::fetch)

	if ! tar --extract --gzip --file "${archive}" --directory "${staging}" --no-same-owner \
		--exclude-from "${BUILDPACK_DIR}/bin/lib/python.exclude" ||
		! version=$(python::run "${staging}/python" -c 'import platform, pip; print(platform.python_version())'); then
		output::notice <<-EOF
			The standalone Python does not start.

			Its archive has the right checksum, but it has no python/bin/python3 with pip
			that runs here.

			What you can do:
			  1. If _LAMBDA_PYTHON_URL is set: point it to an \`install_only\` archive of
			     python-build-standalone for this machine's architecture, or unset it.
			  2. If not: $(hint::system), and build again.
		EOF
		return 1
	fi
	output::detail "Using the standalone Python ${version}"
}

# Prints the path of the archive in the cache; downloads it if it is not there.
python::fetch() {
	local url sha256 architecture archive download=${INCOMING}/python.tar.gz
	architecture=$(python::architecture)
	sha256=$(python::checksum "${architecture}")
	archive=${CACHE_DIR}/python-${sha256}.tar.gz

	if ! echo "${sha256}  ${archive}" | sha256sum --check --status 2>/dev/null; then
		url=$(config::value _LAMBDA_PYTHON_URL)
		python::download "${url:-${PINNED_PYTHON_URL/ARCHITECTURE/${architecture}}}" "${download}"
		python::verify "${download}" "${sha256}"
		rm -f "${CACHE_DIR}"/python-*.tar.gz
		mv "${download}" "${archive}"
	fi
	echo "${archive}"
}

python::architecture() {
	local machine
	machine=$(uname -m)
	if [[ -z ${PINNED_PYTHON_SHA256[${machine}]:-} ]]; then
		output::notice <<-EOF
			No standalone Python exists for the architecture of this machine, ${machine}.

			There is one for: ${!PINNED_PYTHON_SHA256[*]}.

			What you can do:
			  1. Build on one of these.
			  $(hint::other_python 2)
		EOF
		return 1
	fi
	echo "${machine}"
}

python::checksum() {
	local sha256
	sha256=$(config::value _LAMBDA_PYTHON_SHA256)
	sha256=${sha256:-${PINNED_PYTHON_SHA256[$1]}}
	if [[ ! ${sha256} =~ ^[0-9a-fA-F]{64}$ ]]; then
		output::notice <<-EOF
			The ${SETTING} _LAMBDA_PYTHON_SHA256 is not a SHA-256 checksum.

			Set it to the 64 hexadecimal digits that \`sha256sum\` prints for the archive
			that _LAMBDA_PYTHON_URL points to.
		EOF
		return 1
	fi
	echo "${sha256,,}"
}

# curl reads the URL from its standard input, and its messages are not shown: the URL of a mirror may
# hold a password, which must appear neither in the list of processes nor in the build log.
python::download() {
	local url=$1 destination=$2 seen
	output::detail "Downloading the standalone Python"

	# A line end would begin another option of curl.
	if [[ ${url} == *[[:cntrl:]]* ]]; then
		output::notice <<-EOF
			The ${SETTING} _LAMBDA_PYTHON_URL has a control character, such as a line end.

			Set it to the URL of one archive and nothing else:
			$(hint::set _LAMBDA_PYTHON_URL https://mirror.example/python.tar.gz)
		EOF
		return 1
	fi
	url=${url//\\/\\\\}
	if ! seen=$(curl --disable --config - --globoff --fail --location --silent --output "${destination}" \
		--retry 3 --retry-all-errors --retry-delay 1 --retry-max-time 300 \
		--connect-timeout 10 --max-time 300 \
		--write-out 'curl ended with status %{exitcode}, HTTP status %{http_code}' \
		<<<"url = \"${url//\"/\\\"}\""); then
		output::notice <<-EOF
			The standalone Python could not be downloaded, in several attempts.

			Tried:  $(python::source)
			Seen:   ${seen}

			What you can do:
			  1. Build again: the network or the server may have been unavailable.
			  2. Put the archive on a mirror that the build reaches, and name it:
			     $(hint::set _LAMBDA_PYTHON_URL https://mirror.example/python.tar.gz)
			     Its checksum has to stay the same, or _LAMBDA_PYTHON_SHA256 names its own.
			  $(hint::other_python 3)
		EOF
		return 1
	fi
}

python::verify() {
	local archive=$1 expected=$2 seen
	seen=$(sha256sum "${archive}")
	seen=${seen%% *}
	if [[ ${seen} != "${expected}" ]]; then
		if [[ -n $(config::value _LAMBDA_PYTHON_SHA256) ]]; then
			expected="that of the ${SETTING} _LAMBDA_PYTHON_SHA256"
		fi
		output::notice <<-EOF
			The standalone Python that was downloaded has another checksum than expected.

			Source:             $(python::source)
			SHA-256 expected:   ${expected}
			SHA-256 downloaded: ${seen}

			The build deletes it and runs nothing of it.

			What you can do:
			  1. Build again, in case the download was damaged on its way.
			  2. If _LAMBDA_PYTHON_URL points to another build on purpose, and you trust it,
			     set _LAMBDA_PYTHON_SHA256 to its checksum.
		EOF
		return 1
	fi
}

# Prints where the archive comes from, without the URL of a mirror.
python::source() {
	if [[ -n $(config::value _LAMBDA_PYTHON_URL) ]]; then
		echo "the URL in the ${SETTING} _LAMBDA_PYTHON_URL"
	else
		echo "python-build-standalone, release ${PINNED_PYTHON_RELEASE}, on GitHub"
	fi
}

# Removes what only the build needs from the standalone Python in the folder $1, if there is one.
python::trim() {
	local home=$1/python
	if [[ ! -d ${home} ]]; then
		return
	fi

	find "${home}/bin" -mindepth 1 ! -name 'python3*' -delete
	find "${home}/bin" -name '*-config' -delete

	# Most standalone builds have libpython twice: inside bin/python3, and as a library for programs
	# that embed Python.
	if ! python::run "${home}" -c 'import sys; sys.exit("/libpython" not in open("/proc/self/maps").read())'; then
		rm -f "${home}"/lib/libpython*
	fi

	rm -rf "${home}"/lib/python3*/{site,dist}-packages
}
