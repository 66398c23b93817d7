#!/bin/sh
# Calls INSTRUMENTED_LINKER. rustc asks for the profiler's runtime by `-u SYMBOL`, which `zig cc` takes as one word only: as two, it
# looks for a file of the symbol's name.
option=
for word; do
  shift
  if [ "$word" = -u ]; then
    option=-u
  else
    set -- "$@" "$option$word"
    option=
  fi
done
exec "$INSTRUMENTED_LINKER" "$@"
