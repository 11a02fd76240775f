#!/usr/bin/env bash
# The room check stops where it must: small trees with one wrong include each, and file and line it
# has to name. Usage: rooms_negative.sh SOURCE_DIR
set -euo pipefail
source_dir=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

# The rooms of the tree: leaf <- base (in middle's folder) <- middle <- top.
make_tree() {
    rm -rf "${tree:?}"/*
    mkdir -p "$tree"/{leaf,middle/base,middle/part,top}
    touch "$tree"/leaf/{leaf,secret}.h "$tree"/middle/base/{base,private}.h \
        "$tree"/middle/{open,shut}.h "$tree"/middle/part/{one,two}.h "$tree"/top/top.h
    printf '#include <stdio.h>\n' >"$tree/leaf/leaf.c"
    printf '#include "middle/open.h"\n#include "middle/shut.h"\n#include "leaf/leaf.h"\n' \
        >"$tree/middle/middle.c"
    printf '#include "middle/part/two.h"\n  #  include "middle/base/base.h"\n' >"$tree/top/top.c"
    cat >"$tree/check.cmake" <<END
cmake_minimum_required(VERSION 3.25)
include($source_dir/tests/checks/rooms.cmake)
set(GUARDIAN_ROOM_FOLDERS leaf middle/base middle top)
set(GUARDIAN_PUBLIC_HEADERS leaf/leaf.h middle/base/base.h middle/open.h middle/part/*.h)
guardian_check_room($tree FOLDER leaf)
guardian_check_room($tree FOLDER middle/base ROOMS leaf)
guardian_check_room($tree FOLDER middle ROOMS leaf middle/base)
guardian_check_room($tree FOLDER top ROOMS middle middle/base)
END
}

# One line, however cmake breaks its messages.
run_check() {
    cmake -P "$tree/check.cmake" 2>&1 | tr -s ' \n' ' '
}

# must_stop WHAT FILE INCLUDE LINE MESSAGE [FORMAT]: with the include as that line of the file
must_stop() {
    local what=$1 file=$2 include=\"$3\" line=$4 message=$5 format=${6:-'#include %s\n'} output
    make_tree
    touch "$tree/$file"
    while (($(wc -l <"$tree/$file") < line - 1)); do
        printf '/* nothing */\n' >>"$tree/$file"
    done
    [[ $include == \"\<* ]] && include=${include//\"/}
    # shellcheck disable=SC2059 # the format is one of ours
    printf "$format" "$include" >>"$tree/$file"
    if output=$(run_check); then
        printf '%s: the check does not stop\n' "$what" >&2
        failed=1
    elif [[ $output != *"$file:$line: $include $message"* ]]; then
        printf '%s: the check says\n%s\ninstead of %s:%d: %s %s\n' "$what" "$output" "$file" \
            "$line" "$include" "$message" >&2
        failed=1
    fi
}

make_tree
if ! output=$(run_check); then
    printf 'a good tree is refused:\n%s\n' "$output" >&2
    failed=1
fi
must_stop 'a room further right' leaf/leaf.c middle/open.h 3 \
    'belongs to room middle, which room leaf may not use'
must_stop 'the room around' middle/base/base.c middle/open.h 2 \
    'belongs to room middle, which room middle/base may not use'
must_stop 'a room not in its list' top/top.c leaf/leaf.h 5 \
    'belongs to room leaf, which room top may not use'
must_stop 'from a header' middle/part/one.h top/top.h 1 \
    'belongs to room top, which room middle may not use'
must_stop 'a private header' top/top.c middle/shut.h 4 'is private to room middle'
must_stop 'a private header of the room inside' middle/middle.c middle/base/private.h 4 \
    'is private to room middle/base'
must_stop 'a private header of the leaf' middle/middle.c leaf/secret.h 6 'is private to room leaf'
must_stop 'a path not from the root' middle/middle.c open.h 4 \
    'is not written from the root or lies in no room'
must_stop 'a path that climbs' top/top.c ../middle/open.h 3 \
    'is not written from the root or lies in no room'
must_stop 'a header that is not there' top/top.c middle/part/three.h 3 'does not exist'
must_stop 'a directive with blanks' top/top.c middle/shut.h 4 'is private to room middle' \
    '\t#  include\t%s\n'
must_stop 'a header of ours as if it were of the system' leaf/leaf.c '<middle/open.h>' 3 \
    'is ours: it is written in quotes'
must_stop 'even one of the same room' top/top.c '<top/top.h>' 3 'is ours: it is written in quotes'
exit "$failed"
