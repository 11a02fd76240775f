#!/usr/bin/env bash
# No external name twice: static libraries would hide it until a linker picks the wrong one.
# usage: symbols.sh SOURCE BUILD COMPILER
set -euo pipefail
twice=$(nm -A --defined-only -g "$2"/libguardian_*.a 2>/dev/null |
    awk 'NF >= 3 {print $NF}' | grep -v '^__\|^_\|\.' | sort | uniq -d)
if [ -n "$twice" ]; then
    echo "These external names are defined in more than one place:"
    nm -A --defined-only -g "$2"/libguardian_*.a | grep -wF "$twice"
    exit 1
fi
echo "every external name is defined once"
