#!/bin/bash
# The event reference and the catalogue do not drift: EVENTS.md is what the generator makes, and the
# catalogue is the specification's, octet for octet, where that lies beside the tree.
# Arguments: source directory, build directory, compiler.
set -eu
source_dir=$1
build_dir=$2
folder=$source_dir/audit/catalogue
generator=$build_dir/catalogue_gen

if [ ! -x "$generator" ]; then
    echo "$generator is missing: build it first" >&2
    exit 1
fi
if ! "$generator" --markdown "$folder/catalogue.json" | diff -u "$folder/EVENTS.md" -; then
    echo "audit/catalogue/EVENTS.md is not up to date. Write it anew with" >&2
    echo "  catalogue_gen --markdown audit/catalogue/catalogue.json > audit/catalogue/EVENTS.md" >&2
    exit 1
fi

status=0
compare() {
    if [ -f "$1" ] && ! cmp "$1" "$2"; then
        echo "$2 is not the specification's file" >&2
        status=1
    fi
}
compare "$source_dir/../shared/spec/catalogue.json" "$folder/catalogue.json"
compare "$source_dir/../shared/spec/golden.jsonl" "$source_dir/tests/data/golden.jsonl"
exit $status
