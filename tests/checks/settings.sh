#!/bin/bash
# The shipped guardian.yaml has every key of the settings table (ipc/daemon/config.c) and no other,
# each below a comment that says what it is. That the values are the defaults: test_config.c.
# settings.sh SOURCE_DIRECTORY …
set -u
table="$1/ipc/daemon/config.c"
example="$1/ipc/daemon/guardian.yaml"

# Keys of the table that a file of this version may have, as limits.workers and sinks[].filter.types.
in_table() {
    sed -nE '/SETTING_LATER/d; s/^    \{"([][a-z_.]+)", SETTING_[A-Z_]+,.*/\1/p' "$table" | sort
}

# Keys of the example: two columns a level, a dash opens an element.
in_example() {
    awk '
        /^ *(#|$)/ { next }
        {
            line = $0
            element = sub(/^ *- /, "&", line)
            sub(/- /, "  ", line)
            match(line, /^ */)
            level = RLENGTH / 2
            key = substr(line, RLENGTH + 1)
            sub(/:.*/, "", key)
            if (element) at[level - 1] = "[]"
            at[level] = key
            path = at[0]
            for (i = 1; i <= level; i++) path = path (at[i] == "[]" ? "" : ".") at[i]
            print path
        }' "$example" | sort
}

# Keys without a comment right above (a dash may stand between).
uncommented() {
    awk '
        /^ *#/ { said = 1; next }
        /^ *$/ { next }
        { if (!said) print FILENAME ":" FNR ": " $1 " has no comment above it" ; said = 0 }' "$example"
}

failed=0
keys=$(in_table | wc -l)
if [ "$keys" -lt 40 ]; then
    echo "settings: only $keys keys found in $table; its rows are not laid out as this check reads"
    failed=1
fi
differing=$(diff <(in_table) <(in_example) |
    sed -nE "s|^< (.*)|ipc/daemon/guardian.yaml: key \1 of config.c is missing|p
             s|^> (.*)|ipc/daemon/guardian.yaml: key \1 is not in config.c|p")
if [ -n "$differing" ]; then
    echo "$differing"
    failed=1
fi
silent=$(uncommented)
if [ -n "$silent" ]; then
    echo "$silent"
    failed=1
fi
exit $failed
