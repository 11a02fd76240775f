#!/usr/bin/env bash
# Each header of the rooms compiles alone, and twice in one file, with the project's warnings: so
# whoever includes it needs to know nothing else. Usage: headers.sh SOURCE_DIR BUILD_DIR COMPILER
set -euo pipefail
source_dir=$1
build_dir=$2
compiler=$3

mapfile -t warnings < <(sed -n '/^add_compile_options(/,/)/p' "$source_dir/CMakeLists.txt" |
    grep -o -- '-W[a-z-]*' | sort -u)
if ((${#warnings[@]} < 5)); then
    printf 'the warnings of CMakeLists.txt are not where they were: add_compile_options\n' >&2
    exit 1
fi
# nng has no pkg-config file in Debian; its headers are where the compiler looks anyway.
read -ra library_flags < <(pkg-config --cflags libsodium libmaxminddb yaml-0.1 sqlite3 libcrypto)
flags=(-std=c17 -D_GNU_SOURCE -DGUARDIAN_VERSION='"0"' "${warnings[@]}" -fsyntax-only
    "${library_flags[@]}" -I "$build_dir/catalogue")

# compiles ROOT HEADER
compiles() {
    printf '#include "%s"\n#include "%s"\nextern int not_empty;\n' "$2" "$2" |
        "$compiler" "${flags[@]}" -I "$1" -x c -
}

# A check that cannot fail is none: three headers that must be refused.
examples=$(mktemp -d)
trap 'rm -rf "$examples"' EXIT
printf 'void take(size_t length);\n' >"$examples/lacks_an_include.h"
printf 'struct twice {\n    int member;\n};\n' >"$examples/lacks_a_guard.h"
printf 'static int narrow(long value)\n{\n    return value;\n}\n' >"$examples/warns.h"
for example in lacks_an_include lacks_a_guard warns; do
    if compiles "$examples" "$example.h" 2>/dev/null; then
        printf 'the check itself is broken: it takes a header that %s\n' "${example//_/ }" >&2
        exit 1
    fi
done

cd "$source_dir"
count=0
failed=0
while IFS= read -r header; do
    count=$((count + 1))
    if ! compiles "$source_dir" "$header"; then
        printf '%s does not compile alone (see above)\n' "$header" >&2
        failed=1
    fi
done < <(find geoip audit ceremony ipc -name '*.h' | sort)
if ((count == 0)); then
    printf 'no headers found in %s\n' "$source_dir" >&2
    exit 1
fi
printf '%d headers compiled alone\n' "$count"
exit "$failed"
