#!/usr/bin/env bash
# Calls that do not stand in the rooms: those that cannot be used safely, clocks beside clock.c,
# memory beside memory.c. Comments and strings are not looked at. Prints file:line of each.
# Usage: banned.sh SOURCE_DIR
set -euo pipefail
source_dir=$1

# Extended regular expressions over names of functions called.
unsafe='sprintf|vsprintf|strcpy|strcat|strncpy|atoi|atol|gets|system|popen|rand|alloca|strtok'
clocks='time|clock_gettime|gettimeofday'
memory='malloc|calloc|realloc|free|strdup|strndup|asprintf|vasprintf'

# file:function pairs that may take memory of their library, each with its reason.
allowed_memory=(
    # (none)
)

# Prints the file with comments and the insides of strings blanked, line by line.
code_of() {
    awk '
    {
        out = ""
        for (i = 1; i <= length($0); i++) {
            c = substr($0, i, 1)
            two = substr($0, i, 2)
            if (state == "comment") {
                if (two == "*/") { state = ""; i++ }
            } else if (state != "") {
                if (c == "\\") i++
                else if (c == state) { state = ""; out = out c }
            } else if (two == "/*") { state = "comment"; i++; out = out " " }
            else if (two == "//") break
            else if (c == "\"" || c == "\047") { state = c; out = out c }
            else out = out c
        }
        if (state != "comment") state = ""
        print out
    }' "$1"
}

# calls FILE REGEX: "file:line: name" of each call, but for those of members (x->free(y))
calls() {
    code_of "$1" | sed -E 's/(->|\.)[[:space:]]*[A-Za-z_]+/ /g' | grep -nEo "\\<($2)[[:space:]]*\(" |
        sed -E "s#^([0-9]+):([A-Za-z_]+).*#$1:\1: \2#" || true
}

is_allowed() {
    local pair
    for pair in "${allowed_memory[@]}"; do
        [[ $1 == "$pair" ]] && return 0
    done
    return 1
}

# check_file FILE: prints what is wrong with it
check_file() {
    local file=$1 call
    calls "$file" "$unsafe" | sed 's/$/(): not safe, see architecture.md section 6/'
    if [[ $file != audit/base/clock.c ]]; then
        calls "$file" "$clocks" | sed 's/$/(): only clock.c asks what time it is/'
    fi
    if [[ $file != audit/base/memory.c && $file != geoip/* ]]; then
        while IFS= read -r call; do
            is_allowed "$file:${call##* }" || printf '%s(): take memory_* of memory.h\n' "$call"
        done < <(calls "$file" "$memory")
    fi
}

# check_tree ROOT: prints what is wrong in its rooms
check_tree() (
    cd "$1"
    find geoip audit ceremony ipc -name '*.[ch]' | sort | while IFS= read -r file; do
        check_file "$file"
    done
)

# A check that cannot fail is none: a tree of which exactly these lines must be found.
examples=$(mktemp -d)
trap 'rm -rf "$examples"' EXIT
mkdir -p "$examples"/{geoip,audit/base,ceremony,ipc}
cat >"$examples/ipc/bad.c" <<'END'
/* sprintf(a, b); in a comment
 * strcpy(a, b); */
void f(void)
{
    // atoi("x");
    const char *text = "system(\"rm\"); /*"; snprintf(a, 3, "x"); fgets(a, 3, b);
    sprintf(a, "%s", text);
    if (x) strcpy (a, b); char c = '"'; strcat(a, "b");
    int n = time(NULL) + strftime(a, 1, "", t) + uptime(1); x->free(y); x.rand(z);
    free(malloc(3));
}
END
printf 'int64_t t(void) { return clock_gettime(0, 0); }\n' >"$examples/audit/base/clock.c"
printf 'void *m(void) { return malloc(1); }\n' >"$examples/audit/base/memory.c"
printf 'void *m(void) { return malloc(1); }\n' >"$examples/geoip/good.c"
wanted='ipc/bad.c:10: free ipc/bad.c:10: malloc ipc/bad.c:7: sprintf ipc/bad.c:8: strcat '
wanted+='ipc/bad.c:8: strcpy ipc/bad.c:9: time '
found=$(check_tree "$examples" | sed 's/().*//' | LC_ALL=C sort | tr '\n' ' ')
if [[ $found != "$wanted" ]]; then
    printf 'the check itself is broken: it found\n%s\ninstead of\n%s\n' "$found" "$wanted" >&2
    exit 1
fi

problems=$(check_tree "$source_dir")
if [[ -n $problems ]]; then
    printf '%s\n' "$problems" >&2
    exit 1
fi
