#!/bin/sh
# cargo's RUSTC_WRAPPER for the instrumented functions: `rustc.sh rustc ARGUMENTS`.
#
# They are built without link-time optimisation: counters are inserted before it, so the profile is the same, and each function links in
# seconds. The profile settings in Cargo.toml must not be changed for that, because cargo derives the names of all symbols from them, and
# recorded counts are matched by these names. The linker is called through linker.sh.
for word; do
  shift
  case $word in
    lto=fat) word=lto=off ;;
    linker-plugin-lto) word=embed-bitcode=no ;;
    linker=*) export INSTRUMENTED_LINKER="${word#linker=}"; word="linker=$(dirname "$0")/linker.sh" ;;
  esac
  set -- "$@" "$word"
done
exec "$@"
