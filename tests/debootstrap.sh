#!/bin/sh
# The README's two commands in a fresh Debian 12 that has nothing but git and apt:
#
#   tests/debootstrap.sh [DIR]   as root; DIR (1.5 GB) is made anew and removed
#
# Takes apt's sources and its way out from this machine. Not part of `make check`:
# it downloads a Debian.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
root=${1:-$(mktemp -d)/debian}
# shellcheck disable=SC2016 # apt's own format
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' |
    grep -v security | head -n 1)
[ "$(id -u)" = 0 ] || { echo 'debootstrap.sh: must be root' >&2; exit 1; }
command -v debootstrap >/dev/null || apt-get install -qq -y debootstrap >/dev/null

unmount() {
	for part in dev/pts dev/shm dev proc; do
		umount -l "$root/$part" 2>/dev/null || :
	done
}
trap 'unmount' EXIT

rm -rf "$root"
mkdir -p "$root"
debootstrap --variant=minbase --include=ca-certificates,git bookworm \
    "$root" "$mirror" >"$root.log" 2>&1 || { tail -n 20 "$root.log"; exit 1; }
cp -a /etc/apt/. "$root/etc/apt/"
for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
	[ ! -f "$file" ] || cp -L "$file" "$root$file"
done
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
mount --bind /dev/pts "$root/dev/pts"
git clone -q "$top" "$root/esc"
in_root() {
	env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
	    ${http_proxy+http_proxy="$http_proxy"} \
	    ${https_proxy+https_proxy="$https_proxy"} \
	    chroot "$root" sh -c "cd /esc && $1"
}
echo '== ./quickstart'
in_root ./quickstart
echo '== ./quickstart test'
in_root './quickstart test'
unmount
rm -rf "$root"
echo 'both commands work in a fresh Debian 12'
