#!/bin/sh
# Makes the root file system of an image: programs, the shared libraries they need, the loader, roots of the web's CAs,
# names of users. No shell, no package manager, nothing that is not read at run time.
#   image_root.sh FOLDER UID PROGRAM...      programs come to FOLDER/usr/bin
# k8s/Dockerfile runs it in its build stage; tests/e2e/image_test.py runs the programs inside what it makes.
set -eu
[ $# -ge 3 ] || { echo "usage: $0 FOLDER UID PROGRAM..." >&2; exit 2; }
root=$1
user=$2
shift 2

mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/tmp" "$root/var/lib/heddle" "$root/var/run/heddle" "$root/etc/heddle"
chmod 1777 "$root/tmp"

# What a program needs, from the loader itself; a link is followed and stands under the name that is asked for.
libraries() {
  ldd "$1" | awk '/=> not found/ { print "missing " $1 } / => \// { print $3 } /^[[:space:]]*\// { print $1 }'
}
take() {
  case $1 in missing*) echo "$0: $2 needs $1" >&2; exit 1 ;; esac
  [ -e "$root$1" ] && return 0
  mkdir -p "$root$(dirname "$1")"
  cp -L "$1" "$root$1"
}
for program in "$@"; do
  install -m 0755 "$program" "$root/usr/bin/$(basename "$program")"
  libraries "$program" | while read -r library; do take "$library" "$program"; done
done

cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
printf 'root:x:0:0:root:/:/nonexistent\nheddle:x:%s:%s:Heddle:/:/nonexistent\nnobody:x:65534:65534:nobody:/:/nonexistent\n' \
  "$user" "$user" >"$root/etc/passwd"
printf 'root:x:0:\nheddle:x:%s:\nnogroup:x:65534:\n' "$user" >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
