# shellcheck shell=bash
# Packages: what is missing is installed with apt, and nothing happens when nothing is missing.
# Sourced by ./dev.

# What compiling and running needs.
BUILD_PACKAGES=(g++ cmake ninja-build pkg-config lld python3 curl ca-certificates openssl libuv1-dev libnghttp2-dev
  libssl-dev libjsoncpp-dev libc-ares-dev libre2-dev libspdlog-dev libfmt-dev libcli11-dev libyaml-dev libsqlite3-dev
  libxxhash-dev prometheus-cpp-dev libprotobuf-dev protobuf-compiler libnftables-dev)
# What testing, measuring and linting needs: test libraries, checkers and the programs Heddle is tried against.
PEER_PACKAGES=(libgtest-dev libgmock-dev libbenchmark-dev clang-format-14 clang-tidy-14 shellcheck git redis-server
  redis-tools etcd-server mariadb-server mariadb-client nginx-light libnginx-mod-stream haproxy prometheus python3-grpcio
  python3-grpc-tools python3-protobuf python3-h2 python3-yaml nghttp2-client nghttp2-proxy nghttp2-server wrk apache2-utils iperf3 iproute2 groff-base
  testssl.sh nftables iptables)
# What fuzzing needs on top of both: a compiler with libFuzzer.
FUZZ_PACKAGES=(clang-14 libclang-rt-14-dev)
# What building a kube-apiserver needs (tests/k8s).
K8S_PACKAGES=(golang-go make rsync dpkg-dev)
POLICY=/usr/sbin/policy-rc.d

# ensure_packages build|peers|fuzz|k8s|all
ensure_packages() {
  case "$1" in
    build) install_missing "to compile and run" "${BUILD_PACKAGES[@]}" ;;
    peers) without_services install_missing "to test, measure and lint" "${PEER_PACKAGES[@]}" ;;
    fuzz)
      ensure_packages all
      install_missing "to fuzz" "${FUZZ_PACKAGES[@]}"
      ;;
    k8s) install_missing "to build kube-apiserver" "${K8S_PACKAGES[@]}" ;;
    all)
      ensure_packages build
      ensure_packages peers
      ;;
    *) die "setup: no list '$1'; it is build, peers, fuzz, k8s or all" ;;
  esac
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  else
    sudo -- "$@"
  fi
}

missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' "$@" 2>/dev/null | awk '$2 == "ii" { print $1 }') || true
  comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed")
}

# install_missing "what for" package...
install_missing() {
  local why="$1" missing
  shift
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  say "installing ${#missing[@]} Debian packages $why: ${missing[*]}"
  if [[ $EUID -ne 0 ]] && ! command -v sudo >/dev/null; then
    die "setup: this needs root or sudo; or install them yourself: apt-get install ${missing[*]}"
  fi
  as_root apt-get update -q || die "setup: apt-get update failed"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 "${missing[@]}" || die "setup: apt-get install failed"
}

# Runs a command while Debian may not start the services it installs. What the policy was before comes back, whatever
# happens; a policy of ours that a killed run left behind is known by its mark.
without_services() (
  mapfile -t missing < <(missing_packages "${PEER_PACKAGES[@]}")
  [[ ${#missing[@]} -gt 0 ]] || exit 0
  if [[ $EUID -ne 0 ]] && ! command -v sudo >/dev/null; then "$@"; fi # says what is missing, and fails
  trap restore_policy EXIT
  trap 'exit 130' INT TERM
  if [[ -e $POLICY ]] && ! grep -q 'heddle: temporary' "$POLICY"; then
    as_root mv "$POLICY" "$POLICY.before-heddle"
  fi
  printf '#!/bin/sh\n# heddle: temporary, no service starts while its peers are installed\nexit 101\n' |
    as_root tee "$POLICY" >/dev/null
  as_root chmod 755 "$POLICY"
  "$@"
)

restore_policy() {
  if [[ -e $POLICY.before-heddle ]]; then
    as_root mv "$POLICY.before-heddle" "$POLICY"
  else
    as_root rm -f "$POLICY"
  fi
}
