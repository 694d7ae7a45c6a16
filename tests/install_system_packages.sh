#!/bin/sh
# Installs what the tests use of the system, where this runs as root on Debian; otherwise says what is absent.
# `make test` calls it. A test whose program is absent is skipped by name (with CI=true it fails).
set -eu
packages="mariadb-server redis-server sip-tester baresip chromium espeak-ng sox fonts-noto-cjk"
missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Not installed (the tests that need them are skipped):$missing" >&2
    exit 0
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# RUNLEVEL=1 keeps the packages' own services from starting: each test starts the server that it needs.
# shellcheck disable=SC2086
RUNLEVEL=1 apt-get -qq install -y --no-install-recommends $missing >/dev/null
