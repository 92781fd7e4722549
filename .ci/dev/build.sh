# shellcheck shell=bash
# Building and testing. One folder per preset below build/; the presets are in CMakePresets.json.
# Sourced by ./dev.

# configure PRESET [cmake arguments]: cheap when nothing changed. HEDDLE_UNITY=ON: for who compiles everything once.
configure() {
  local preset="$1"
  shift
  if [[ -n ${HEDDLE_UNITY:-} ]]; then set -- "-DHEDDLE_UNITY=$HEDDLE_UNITY" "$@"; fi
  say "configuring build/$preset"
  cmake --preset "$preset" --log-level=NOTICE "$@" || die "configuring build/$preset failed"
}

# compile PRESET TARGET
compile() {
  say "building build/$1 ($2)"
  cmake --build "build/$1" --target "$2" --parallel "$(nproc)" || die "building build/$1 failed"
}

# The three programs as a Release, without asking for the packages of the tests.
build_programs() {
  if [[ -f build/release/CMakeCache.txt ]]; then
    configure release
  else
    configure release -DHEDDLE_TESTS=OFF
  fi
  compile release heddle_programs
}

# What ships (ADR 0015): compiled with counters, shown its usual work, compiled again with what was counted.
build_shipped() {
  configure ship -DHEDDLE_PROFILE=generate
  compile ship heddle-proxy
  compile ship heddle_bench_tools
  say "training build/ship"
  find build/ship -name '*.gcda' -delete
  /usr/bin/python3 bench/macro/train.py --heddle-bin build/ship/bin --tools-bin build/ship/bin ||
    die "training build/ship failed"
  configure ship -DHEDDLE_PROFILE=use
  compile ship heddle_programs
  compile ship heddle_bench_tools
}

# The same, unless it was built from these very sources.
build_shipped_once() {
  local sources stamp=build/ship/made-from
  sources=$(source_digest)
  if [[ -f $stamp && $(<"$stamp") == "$sources" ]]; then return 0; fi
  build_shipped
  echo "$sources" >"$stamp"
}

source_digest() {
  find CMakeLists.txt CMakePresets.json cmake lib certs proxy control cli k8s bench -type f ! -name '*.md' -print0 |
    sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

cmd_release() {
  [[ $# -eq 0 || $* == --check ]] || die "release: '$*' is not --check"
  ensure_packages all
  build_shipped_once
  say "the programs are in build/ship/bin"
  if [[ ${1:-} == --check ]]; then check_shipped; fi
}

# Another compilation of the same sources: what drives whole programs is asked again.
check_shipped() {
  local test
  for test in tests/e2e/{mesh_*,identity,operations,standalone,watch}_test.py; do
    say "testing build/ship: $(basename "$test")"
    HEDDLE_BIN=$PWD/build/ship/bin /usr/bin/python3 "$test" || die "$test failed with build/ship/bin"
  done
  /usr/bin/python3 tests/e2e/demo.py --bin build/ship/bin --check || die "the demo failed with build/ship/bin"
}

cmd_build() {
  local preset=release target=heddle_programs packages=build settings=()
  while [[ $# -gt 0 ]]; do
    case "$1" in
      release | debug | asan | tsan) preset="$1" ;;
      --tests) target=all packages=all settings+=(-DHEDDLE_TESTS=ON) ;;
      -D*) settings+=("$1") ;;
      *) die "build: '$1' is no preset (release, debug, asan, tsan), --tests or -DNAME=VALUE" ;;
    esac
    shift
  done
  if [[ $packages == build && ! -f build/$preset/CMakeCache.txt ]]; then settings+=(-DHEDDLE_TESTS=OFF); fi
  ensure_packages "$packages"
  configure "$preset" "${settings[@]}"
  compile "$preset" "$target"
}

# What the sanitizers are told; every program a test starts inherits it.
sanitizer_environment() {
  local supp="$PWD/.ci/sanitizers"
  # Tests bound the memory of a proxy: what ASan holds back of freed blocks must be small beside those bounds.
  export ASAN_OPTIONS="detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1:quarantine_size_mb=8"
  export LSAN_OPTIONS="suppressions=$supp/lsan.supp:print_suppressions=0"
  export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
  export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:suppressions=$supp/tsan.supp"
}

# ThreadSanitizer of g++ 12 cannot map its shadow under strong address randomisation: switch it off where allowed.
steady_addresses() {
  if setarch "$(uname -m)" -R true 2>/dev/null; then
    setarch "$(uname -m)" -R "$@"
  else
    "$@"
  fi
}

# Heddle against a real kube-apiserver, which is built once (tests/k8s/build_apiserver.sh).
cmd_test_k8s() {
  [[ $# -eq 0 ]] || die "test k8s: takes no arguments"
  ensure_packages all
  ensure_packages k8s
  # Debian's, where there is none: another one brings files of the same names.
  command -v kubectl >/dev/null || install_missing "to speak to a kube-apiserver" kubernetes-client
  configure release -DHEDDLE_TESTS=ON
  compile release all
  tests/k8s/build_apiserver.sh || die "building kube-apiserver failed"
  local test
  for test in tests/k8s/*_test.py; do
    say "testing $test"
    HEDDLE_BIN=$PWD/build/release/bin PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$test" || die "$test failed"
  done
}

# The previous release beside this one. It is built first, once for each clone.
cmd_test_skew() {
  [[ $# -eq 0 ]] || die "test skew: takes no arguments"
  ensure_packages all
  configure release -DHEDDLE_TESTS=ON
  compile release heddle_programs
  say "testing build/release beside the release before it"
  ctest --test-dir build/release --output-on-failure --no-tests=error -L skew || die "test skew: failed, see above"
}

cmd_test() {
  case "${1:-}" in
    k8s | skew)
      "cmd_test_$1" "${@:2}"
      return
      ;;
  esac
  local preset=release target=all options=() without='soak|skew'
  while [[ $# -gt 0 ]]; do
    case "$1" in
      release | debug | asan | tsan) preset="$1" ;;
      --threads) target=heddle_thread_tests options+=(-L threads) ;;
      -R | -L | -E | -LE)
        [[ $# -gt 1 ]] || die "test: $1 needs a value"
        if [[ $1 == -LE ]]; then without+="|$2"; else options+=("$1" "$2"); fi
        shift
        ;;
      *) die "test: '$1' is no sanitizer (asan, tsan), k8s, skew, --threads, -R REGEX, -L LABEL or -LE LABEL" ;;
    esac
    shift
  done
  ensure_packages all
  configure "$preset" -DHEDDLE_TESTS=ON
  compile "$preset" "$target"
  run_tests "$preset" -LE "$without" "${options[@]}"
}

# run_tests PRESET [ctest options]. What needs the machine for itself says so to ctest. Two slots for each processor: what
# computes takes two, what waits for clocks takes one (tests/scripts.cmake).
run_tests() {
  local preset="$1" prefix=()
  shift
  case "$preset" in
    asan | tsan) sanitizer_environment ;;
  esac
  if [[ $preset == tsan ]]; then prefix=(steady_addresses); fi
  say "testing build/$preset"
  "${prefix[@]}" ctest --test-dir "build/$preset" --output-on-failure --no-tests=error --parallel "$((2 * $(nproc)))" \
    "$@" || die "test: some tests of build/$preset failed, see above"
}
