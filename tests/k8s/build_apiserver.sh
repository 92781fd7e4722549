#!/bin/bash
# Builds the real kube-apiserver from Debian's source package `kubernetes`, once, and prints the path of the binary.
# About 10 minutes on two cores, 2 GB of disk while it builds, 110 MB afterwards, in
# ${XDG_CACHE_HOME:-~/.cache}/heddle/kube-apiserver/<version>-<how often this script has changed what is built>. The
# system's lists of packages are not touched: apt reads a list of its own. Needs: golang-go make rsync dpkg-dev git ca-certificates (.ci/dev/setup.sh peers).
set -euo pipefail
version=1.20.2 # of Debian 12
cache=${XDG_CACHE_HOME:-$HOME/.cache}/heddle/kube-apiserver/$version-2
binary=$cache/kube-apiserver
keys=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "build_apiserver: $*" >&2; }

# Two at a time would build twice: the second one waits for the first one's binary.
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ -x "$binary" ]; then
  echo "$binary"
  exit 0
fi
for tool in go make rsync dpkg-source apt-get; do
  command -v "$tool" >/dev/null || { say "$tool is missing: install golang-go make rsync dpkg-dev"; exit 1; }
done

# Where this machine gets its packages from.
# shellcheck disable=SC2016 # apt's own variable
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Release: bookworm' | head -n 1)
[ -n "$mirror" ] || { say "apt knows no source of Debian 12 (bookworm)"; exit 1; }
rm -rf "$cache"/build.* # of one that was killed
work=$(mktemp -d "$cache/build.XXXXXX")
trap 'cd / && rm -rf "$work"' EXIT
cd "$work"
mkdir -p lists/partial archives/partial
echo "deb-src [signed-by=$keys] $mirror bookworm main" >sources.list
own_lists=(-o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work" -o APT::Sandbox::User=)
say "fetching the source package from $mirror"
apt-get "${own_lists[@]}" -qq update >&2
apt-get "${own_lists[@]}" -qq source kubernetes golang-github-modern-go-reflect2 >apt.log 2>&1 || { cat apt.log >&2; exit 1; }

source_tree=$(echo "$work"/kubernetes-*"$version")
cd "$source_tree"
# Its own copy of reflect2 reads the memory of maps as Go before 1.18 laid it out: the first custom resource ends the
# server (SIGSEGV in reflect.mapiterinit). Debian's package of that library is newer.
vendored=vendor/github.com/modern-go/reflect2
rm "$vendored"/*.go "$vendored"/*.s
cp "$work"/golang-github-modern-go-reflect2-*/*.go "$work"/golang-github-modern-go-reflect2-*/*.s "$vendored"
rm -f "$vendored"/*_test.go
say "building in $source_tree"
# As debian/rules does: a GOPATH inside the tree that leads back to it, and no C.
export GOPATH=$source_tree/.go GOCACHE=$work/go-build GOFLAGS='' GO111MODULE='' CGO_ENABLED=0 HOME=$work KUBE_VERBOSE=1
mkdir -p "$GOPATH/src/k8s.io"
ln -s ../../.. "$GOPATH/src/k8s.io/kubernetes"
make -C "$GOPATH/src/k8s.io/kubernetes" WHAT=cmd/kube-apiserver >"$work/make.log" 2>&1 || { tail -n 50 "$work/make.log" >&2; exit 1; }

install -m 0755 _output/bin/kube-apiserver "$binary.new"
mv "$binary.new" "$binary"
echo "$binary"
