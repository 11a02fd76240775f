#!/usr/bin/env bash
# guardian-combine runs on a machine that has nothing else: it asks for no interpreter and no shared
# library. Usage: static.sh SOURCE_DIR BUILD_DIR COMPILER
set -euo pipefail
program=$2/guardian-combine

# needs_others PROGRAM: does it ask for a loader or for libraries?
needs_others() { LC_ALL=C readelf -ld "$1" 2>/dev/null | grep -qE 'INTERP|\(NEEDED\)'; }

if ! needs_others "$2/guardianctl"; then
    echo 'the check itself is broken: guardianctl is linked with shared libraries' >&2
    exit 1
fi
if grep -q '^GUARDIAN_SANITIZE:STRING=.' "$2/CMakeCache.txt"; then
    echo 'builds with sanitizers are not static'
    exit 0
fi
if needs_others "$program"; then
    echo "$program needs others:" >&2
    readelf -ld "$program" | grep -E 'INTERP|\(NEEDED\)' >&2
    exit 1
fi
echo 'guardian-combine needs nothing but itself'
