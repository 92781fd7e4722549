# shellcheck shell=bash
# The gates: each one is a function lint_<name> that prints what is wrong and fails; all run before the verdict.
# Sourced by ./dev.

LINT_BUILD=build/lint

git_here() { git -c safe.directory='*' "$@"; }

# Files of this repository with one of the given endings: tracked, or new and not ignored.
files_like() { git_here ls-files -co --exclude-standard --deduplicate -- "$@" | only_files; }

only_files() {
  while read -r f; do
    if [[ -f $f ]]; then echo "$f"; fi
  done
}

# The commit to compare with: where this branch left main, or on main itself the commit before.
lint_base() {
  local base="" ref
  for ref in origin/main main; do
    base=$(git_here merge-base HEAD "$ref" 2>/dev/null) && break
  done
  if [[ -z $base || $base == "$(git_here rev-parse HEAD)" ]]; then
    base=$(git_here rev-parse -q --verify HEAD~1) || base=$(git_here hash-object -t tree /dev/null)
  fi
  echo "$base"
}

# changed_like ENDING...: those of files_like that differ from the base.
changed_like() {
  { git_here diff --name-only --diff-filter=d "$(lint_base)" -- "$@"; git_here ls-files -o --exclude-standard -- "$@"; } | sort -u
}

lint_files() {
  if [[ $LINT_ALL == yes ]]; then files_like "$@"; else changed_like "$@"; fi
}

lint_format() {
  files_like '*.h' '*.cc' | xargs -r clang-format-14 --dry-run -Werror
}

lint_layers() { .ci/check_layers.py; }

lint_sizes() { .ci/check_sizes.py; }

lint_names() { .ci/check_names.py; }

lint_scripts() {
  local scripts
  mapfile -t scripts < <(files_like dev .ci/run .ci/check_headers '*.sh')
  shellcheck -x "${scripts[@]}"
}

lint_python() {
  files_like '*.py' | xargs -r /usr/bin/python3 -c 'import ast, sys
for name in sys.argv[1:]: ast.parse(open(name, encoding="utf-8").read(), name)'
}

lint_headers() {
  lint_files 'lib/*.h' 'proxy/*.h' 'control/*.h' 'certs/*.h' 'cli/*.h' 'k8s/*.h' 'tests/support/*.h' | .ci/check_headers
}

# A changed header is checked through the source file beside it.
tidy_files() {
  lint_files '*.cc' '*.h' | sed 's/\.h$/.cc/' | sed '/^bench\//d' | sort -u | only_files
}

lint_tidy() {
  local files
  mapfile -t files < <(tidy_files)
  [[ ${#files[@]} -gt 0 ]] || return 0
  cmake -S . -B "$LINT_BUILD" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DHEDDLE_PCH=OFF >/dev/null || return 1
  # Generated headers must be there before a file that includes them is read.
  if ninja -C "$LINT_BUILD" -t targets all | grep -q '^heddle_generated:'; then
    cmake --build "$LINT_BUILD" --target heddle_generated || return 1
  fi
  echo "${#files[@]} files"
  printf '%s\n' "${files[@]}" |
    xargs -P "$(nproc)" -n 4 clang-tidy-14 -p "$LINT_BUILD" --quiet --extra-arg=-w \
      2> >(grep -v ' warnings\? generated\.$' >&2)
}

cmd_lint() {
  LINT_ALL=no
  case "${1:-}" in
    --all) LINT_ALL=yes ;;
    '') ;;
    *) die "lint: '$1' is not --all" ;;
  esac
  ensure_packages all
  local gate failed=()
  for gate in format layers sizes names scripts python headers tidy; do
    say "lint: $gate"
    "lint_$gate" || failed+=("$gate")
  done
  [[ ${#failed[@]} -eq 0 ]] || die "lint: refused by: ${failed[*]}"
  say "lint: clean"
}

cmd_format() {
  ensure_packages peers
  files_like '*.h' '*.cc' | xargs -r clang-format-14 -i
}
