#!/usr/bin/env bash
# The Python that the buildpack installs if the app has none: a release of
# astral-sh/python-build-standalone, which runs from any folder and needs glibc 2.17 or newer.
# To move to another release, change all four; the checksums are those of its SHA256SUMS file.

# shellcheck disable=SC2034
PINNED_PYTHON_VERSION=3.13.15
PINNED_PYTHON_RELEASE=20260814
declare -A PINNED_PYTHON_SHA256=(
	[x86_64]=aaca2af2ab4d7b68a712660d1334c0cfd5ec13c0312ccd30c29122d8d0342320
	[aarch64]=985efd78c1c6521b379f7c64c2a25e6a1130f07441d1af8be441aa05260886aa
)
PINNED_PYTHON_URL=https://github.com/astral-sh/python-build-standalone/releases/download/${PINNED_PYTHON_RELEASE}/cpython-${PINNED_PYTHON_VERSION}%2B${PINNED_PYTHON_RELEASE}-ARCHITECTURE-unknown-linux-gnu-install_only_stripped.tar.gz
