#!/bin/sh
# What is promised, in a fresh Debian 12 that has nothing but git and apt; as root, in
# DIR (1.5 GB), which is made anew and removed:
#
#   tests/debootstrap.sh [DIR]                     the README's two commands
#   tests/debootstrap.sh --package TARBALL [DIR]   the commands of packaging/README, from
#                                                  `make dist`; the package is then used
#                                                  in a second one, where it was not built
#
# Takes apt's sources and its way out from this machine. Not part of `make check`:
# it downloads a Debian.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
tarball=
if [ "${1-}" = --package ]; then
	tarball=${2:?which tarball?}
	shift 2
fi
root=${1:-$(mktemp -d)/debian}
# shellcheck disable=SC2016 # apt's own format
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' |
    grep -v security | head -n 1)
[ "$(id -u)" = 0 ] || { echo 'debootstrap.sh: must be root' >&2; exit 1; }
command -v debootstrap >/dev/null || apt-get install -qq -y debootstrap >/dev/null

unmount() {
	for part in dev/pts dev/shm proc; do
		umount -l "$root/$part" 2>/dev/null || :
	done
}
trap 'unmount' EXIT

# fresh: nothing but Debian, and an empty /esc
fresh() {
	unmount
	rm -rf --one-file-system "$root"
	mkdir -p "$root"
	debootstrap --variant=minbase --include=ca-certificates,git bookworm \
	    "$root" "$mirror" >"$root.log" 2>&1 || { tail -n 20 "$root.log"; exit 1; }
	cp -a /etc/apt/. "$root/etc/apt/"
	for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
		[ ! -f "$file" ] || cp -L "$file" "$root$file"
	done
	mount -t proc proc "$root/proc"
	mount -t tmpfs tmpfs "$root/dev/shm"
	mount --bind /dev/pts "$root/dev/pts"
	mkdir "$root/esc"
}

in_root() {
	env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
	    ${http_proxy+http_proxy="$http_proxy"} \
	    ${https_proxy+https_proxy="$https_proxy"} \
	    DEBIAN_FRONTEND=noninteractive \
	    chroot "$root" sh -e -c "cd /esc; $1"
}

# commands: of the README
commands() {
	fresh
	git clone -q "$top" "$root/esc"
	echo '== ./quickstart'
	in_root ./quickstart
	echo '== ./quickstart test'
	in_root './quickstart test'
}

# package: built with what it says that it needs, and used with what it says that it needs
package() {
	fresh
	cp "$tarball" "$root/esc/"
	echo '== dpkg-buildpackage'
	# shellcheck disable=SC2016 # for the shell in there
	in_root 'apt-get update -qq
	    apt-get install -qq -y --no-install-recommends dpkg-dev xz-utils >/dev/null
	    tar xf esc-*.tar.xz
	    cd esc-*/
	    cp -r packaging/debian .
	    apt-get build-dep -qq -y --no-install-recommends ./ >/dev/null
	    dpkg-buildpackage -us -uc -b'
	kept=$(mktemp -d)
	cp "$root"/esc/esc_*.deb "$kept/"
	fresh
	cp "$kept"/esc_*.deb "$root/esc/"
	rm -rf "$kept"
	echo '== apt-get install ./esc_*.deb'
	# shellcheck disable=SC2016 # for the shell in there
	in_root 'apt-get update -qq
	    apt-get install -qq -y --no-install-recommends ./esc_*.deb >/dev/null
	    esc run -o ls.esc ls -l /usr/bin >ls.out
	    cat ls.out
	    esc --version
	    LD_PRELOAD=libesc.so ls / >/dev/null
	    esc info esc.ls.*.esc
	    apt-get purge -qq -y esc >/dev/null
	    test ! -e /usr/bin/esc
	    test -z "$(find /usr -path "*esc/*" -o -name "libesc*" -o -name "esc-*")"'
}

if [ -n "$tarball" ]; then
	package
else
	commands
fi
unmount
rm -rf --one-file-system "$root"
echo 'all of it works in a fresh Debian 12'
