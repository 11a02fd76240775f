#!/usr/bin/env bash
# What can be called and how it ends is written down, and the other way round.
# usage: docs.sh SOURCE BUILD COMPILER
set -euo pipefail
cd "$1"
bad=0
complain() {
    echo "$1"
    bad=1
}

methods=$(grep -oE '\{"[a-z]+\.[a-z_]+"' ipc/daemon/methods.c | tr -d '{"' | sort)
documented=$(grep -oE '^\| `[a-z]+\.[a-z_]+`' ipc/README.md | tr -d '|` ' | sort)
[ -n "$methods" ] || complain "no method found in ipc/daemon/methods.c"
while read -r method; do
    [ -z "$method" ] || complain "ipc/README.md and ipc/daemon/methods.c differ: $method"
done < <(comm -3 <(echo "$methods") <(echo "$documented"))

# Every command of guardianctl is named in the README; "guardianctl part view\|confirm" names two.
named=$(grep -oE 'guardianctl [a-z]+( [a-z]+(\\\|[a-z]+)*)?' README.md |
    while read -r _ noun verbs; do
        echo "guardianctl $noun"
        for verb in ${verbs//\\|/ }; do echo "guardianctl $noun $verb"; done
    done)
while read -r noun verb; do
    name="guardianctl $noun"
    [ "$verb" = NULL ] || name="$name $verb"
    grep -qxF "$name" <<<"$named" || complain "README.md does not name: $name"
done < <(sed -nE 's/^ +\{"([a-z]+)", ("([a-z]+)"|NULL), [a-z_]+, ".*/\1 \2/p' \
    ipc/client/guardianctl.c | tr -d '"')

# README counts the catalogue rightly, and quickstart lists no socket of a stopped daemon.
types=$(grep -cE '"emit": *"(any|daemon|workflow)"' audit/catalogue/catalogue.json || true)
own=$(grep -cE '"emit": *"daemon"' audit/catalogue/catalogue.json || true)
tr '\n' ' ' <README.md | grep -q "catalogue has $types event types, $own of them" ||
    complain "README.md does not say that the catalogue has $types event types, $own of them the daemon's"
if grep -q 'guardian\.sock' quickstart; then
    complain "quickstart names a socket that is gone when the daemon has stopped"
fi

for code in EXIT_CLEAN EXIT_CONFIGURATION EXIT_DAMAGED EXIT_LOG_FAILED; do
    value=$(sed -nE "s/.*$code = ([0-9]).*/\1/p" ipc/daemon/master_key_guardian.c)
    grep -A3 '^\*\*Exit codes\*\*' ipc/README.md | grep -q "\b$value\b" ||
        complain "ipc/README.md does not name exit code $value"
done
exit $bad
