# shellcheck shell=bash
# Fuzzing: the targets of tests/fuzz, compiled with clang++ for libFuzzer into build/fuzz. What it learns is kept in
# build/fuzz/corpus (not in git), what it finds in build/fuzz/found. Sourced by ./dev.

FUZZ_SECONDS=60
FUZZ_MAX_LEN=20480 # a whole detection window and a request line above its limit fit
FUZZ_RSS_MB=2048
FUZZ_TIMEOUT=20 # seconds for one input: more is a finding

fuzz_targets() {
  local source
  for source in tests/fuzz/*_fuzz.cc; do basename "$source" _fuzz.cc; done
}

# fuzz [TARGET|all] [SECONDS]
cmd_fuzz() {
  local targets seconds=$FUZZ_SECONDS target found=()
  mapfile -t targets < <(fuzz_targets)
  case "${1:-}" in
    --list)
      printf '%s\n' "${targets[@]}"
      return
      ;;
    '' | all) shift $(($# > 0 ? 1 : 0)) ;;
    *[!0-9]*)
      [[ -f tests/fuzz/$1_fuzz.cc ]] || die "fuzz: no target '$1'; ./dev fuzz --list names them"
      targets=("$1")
      shift
      ;;
  esac
  [[ $# -eq 0 ]] || seconds="$1"
  [[ $# -le 1 && $seconds =~ ^[1-9][0-9]*$ ]] || die "fuzz: '$*' is not a number of seconds"
  ensure_packages fuzz
  configure fuzz
  compile fuzz heddle_fuzz_targets
  for target in "${targets[@]}"; do
    fuzz_one "$target" "$seconds" || found+=("$target")
  done
  [[ ${#found[@]} -eq 0 ]] || die "fuzz: inputs were found that break something: ${found[*]}; see above"
  say "fuzz: nothing found in $seconds s each of: ${targets[*]}"
}

# fuzz_one TARGET SECONDS: new inputs go to build/fuzz/corpus; the seeds are only read.
fuzz_one() {
  local target="$1" seconds="$2" learnt="build/fuzz/corpus/$1" kept="build/fuzz/found/$1" options=()
  say "fuzzing $target for $seconds s"
  mkdir -p "$learnt" "$kept" "tests/fuzz/corpus/$target"
  if [[ -f tests/fuzz/$target.dict ]]; then options+=("-dict=tests/fuzz/$target.dict"); fi
  fuzz_environment "build/fuzz/bin/fuzz_$target" "${options[@]}" "-max_total_time=$seconds" "-max_len=$FUZZ_MAX_LEN" \
    "-rss_limit_mb=$FUZZ_RSS_MB" "-timeout=$FUZZ_TIMEOUT" -print_final_stats=1 -verbosity=1 \
    "-artifact_prefix=$kept/" "$learnt" "tests/fuzz/corpus/$target" && return
  fuzz_finding "$target" "$kept"
  return 1
}

fuzz_environment() {
  ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:quarantine_size_mb=64 \
    LSAN_OPTIONS="suppressions=$PWD/.ci/sanitizers/lsan.supp:print_suppressions=0" \
    UBSAN_OPTIONS=print_stacktrace=1 "$@"
}

# What to do with the newest file in FOLDER.
fuzz_finding() {
  local target="$1" newest
  # shellcheck disable=SC2012 # libFuzzer names its files by a digest
  newest=$(ls -t "$2" 2>/dev/null | head -1)
  [[ -n $newest ]] || return 0
  cat <<TEXT

fuzz: $target found an input that breaks something: $2/$newest
  again:    build/fuzz/bin/fuzz_$target $2/$newest
  shorter:  build/fuzz/bin/fuzz_$target -minimize_crash=1 -max_total_time=60 -artifact_prefix=$2/ $2/$newest
  in gdb:   ./dev build debug --tests && gdb --args build/debug/bin/fuzz_replay $target $2/$newest
  keep it:  mend the code, then cp $2/$newest tests/fuzz/corpus/$target/<what-it-was>  (./dev test replays it)
TEXT
}
