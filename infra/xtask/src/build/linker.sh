#!/bin/sh
# Calls INSTRUMENTED_LINKER. rustc requests the profiler's runtime with `-u SYMBOL`, which `zig cc` accepts only as one word: given two words,
# it looks for a file with the symbol's name.
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
