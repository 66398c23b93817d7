#!/usr/bin/env bash
# rustc 1.95.0 (LLVM 22), -Cprofile-generate. Needs rustup with that toolchain and its component llvm-tools, and a C compiler.
# Expected: with `%c` in LLVM_PROFILE_FILE (the counters are mapped to the file), the counts of a killed process can be read.
# Observed: the file ends where the data of value profiling would be, and llvm-profdata refuses it as truncated, also after a normal exit;
# without `-Cllvm-args=-runtime-counter-relocation` it is even empty. With `-Cllvm-args=-disable-vp` it can be read.
# Consequence: a server that is stopped by a signal keeps either its counts or the value profile (targets of indirect calls, sizes of copies)
# that LLVM uses to inline and specialise. To have both, let the process exit normally.
set -euo pipefail
export RUSTUP_TOOLCHAIN=1.95.0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
profdata=$(rustc --print target-libdir)/../bin/llvm-profdata
cat > main.rs <<'RUST'
fn main() {
    let calls: [fn(u64) -> u64; 2] = [|x| x + 1, |x| x * 2];
    let sum = (0..1000).fold(0_u64, |sum, n| calls[n % 2](sum) % 1000);
    println!("{sum}");
    if std::env::args().count() > 1 {
        loop {
            std::thread::park();
        }
    }
}
RUST
rustc --version
rustc -O -Cprofile-generate -Cllvm-args=-runtime-counter-relocation main.rs -o with-values
rustc -O -Cprofile-generate -Cllvm-args=-runtime-counter-relocation -Cllvm-args=-disable-vp main.rs -o without-values

# Runs a program and names its profile: until it exits or, with an argument, until it is killed.
profile() {
  local program=$1 name=$2
  shift 2
  rm -f output
  LLVM_PROFILE_FILE="$folder/$name" "./$program" "$@" > output &
  local pid=$!
  if [ $# -gt 0 ]; then
    until [ -s output ]; do sleep 0.05; done
    kill -KILL "$pid"
  fi
  wait "$pid" 2> /dev/null || true
  "$profdata" show "${name/\%c/}" > shown 2>&1 && grep 'Total count' shown || { tail -n 1 shown; return 1; }
}
echo "a normal exit:"
profile with-values plain.profraw
echo "a normal exit, %c:"
if profile with-values continuous%c.profraw; then echo "changed: the file can be read"; exit 1; fi
grep -q 'truncated profile data' shown
echo "killed, %c, no value profiling:"
profile without-values killed%c.profraw forever
