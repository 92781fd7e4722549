#!/usr/bin/env bash
# Builds the three programs of the previous release (previous_release) below BUILD_DIR/previous/<commit>, once.
# Usage: build_previous.sh BUILD_DIR
# HEDDLE_PREVIOUS_BIN: a folder that has them already; nothing is built then.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$(readlink -f "$here/../..")
[[ $# -eq 1 ]] || {
  echo "usage: build_previous.sh BUILD_DIR" >&2
  exit 2
}

missing() {
  cat >&2 <<TEXT
*** The previous release is not tested against this one: $*
*** commit $commit is in the whole repository: git fetch --unshallow, or git fetch --depth 1 origin $commit;
*** or name a folder with its programs: HEDDLE_PREVIOUS_BIN=DIR
TEXT
  exit 1
}

commit=$(sed -n 's/^commit: //p' "$here/previous_release")
if [[ -n ${HEDDLE_PREVIOUS_BIN:-} ]]; then
  for program in heddle heddle-control heddle-proxy; do
    [[ -x $HEDDLE_PREVIOUS_BIN/$program ]] || missing "HEDDLE_PREVIOUS_BIN=$HEDDLE_PREVIOUS_BIN has no $program"
  done
  exit 0
fi

folder=$1/previous/$commit
[[ ! -f $folder/complete ]] || exit 0
git -C "$root" cat-file -e "$commit^{commit}" 2>/dev/null || missing "this clone does not have it"

echo "building the previous release, once for this clone: $folder"
rm -rf "$folder"
mkdir -p "$folder/source"
git -C "$root" archive "$commit" | tar -x -C "$folder/source"
# It is to behave as that release, not to be as fast. Not -O0: folders of its own are -O1, and one precompiled header
# serves those that optimise only.
options=(-G Ninja -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG" -DHEDDLE_TESTS=OFF)
if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
cmake -S "$folder/source" -B "$folder/build" --log-level=NOTICE "${options[@]}"
nice -n 10 cmake --build "$folder/build" --target heddle_programs --parallel "$(nproc)"
mkdir "$folder/bin"
mv "$folder"/build/bin/{heddle,heddle-control,heddle-proxy} "$folder/bin/"
rm -rf "$folder/build" "$folder/source"
touch "$folder/complete"
