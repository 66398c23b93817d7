#!/usr/bin/env bash
# zig cc 0.17.1 (the package ziglang of PyPI). Needs Python 3 with pip.
# Expected: it accepts `-u SYMBOL` (the symbol is undefined, so that an archive's member is linked) as clang and gcc do.
# Observed: `-uSYMBOL` and `-Wl,-u,SYMBOL` link; `-u SYMBOL` is parsed as a flag without a value and a file: "unrecognized file extension".
# Consequence: rustc passes two words for -Cprofile-generate and -Cinstrument-coverage (`-u __llvm_profile_runtime`), so an instrumented
# build does not link with cargo-zigbuild or cargo-lambda without a linker wrapper script.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --target "$folder/packages" ziglang==0.17.1
cd "$folder"
export ZIG_GLOBAL_CACHE_DIR="$folder/cache"
zig=packages/ziglang/zig
"$zig" version
echo 'int wanted; int main(void) { return wanted; }' > main.c

links() {
  if "$zig" cc main.c "$@" -o main 2> messages; then echo "links: $*"; else echo "fails: $* ($(head -n 1 messages))"; return 1; fi
}
links -uwanted
links -Wl,-u,wanted
if links -u wanted; then
  echo "changed: -u SYMBOL links now"
  exit 1
fi
grep -q 'wanted: unrecognized file extension' messages
