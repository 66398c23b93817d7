#!/bin/sh
# cargo's RUSTC_WRAPPER for the instrumented functions: `rustc.sh rustc ARGUMENTS`.
#
# They are built without link-time optimisation: counters are put in before it, so the profile is the same, and each function links in
# seconds. The profile of Cargo.toml must not change for that: cargo derives the names of all symbols from it, and a profile is found
# again by these names. The linker is called by way of linker.sh.
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
