#!/usr/bin/env bash
# The whole way of an age key with the age tools of Debian: a backup is encrypted to the recipient that
# three parts of five prove, three others give the identity back, and age opens the backup with it.
# Usage: age.sh SOURCE_DIR BUILD_DIR COMPILER
set -euo pipefail
PATH=$2:$PATH
if ! command -v age >/dev/null; then
    echo 'age is not installed: nothing tried'
    exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

od -An -N32 -tx1 /dev/urandom | tr -d ' \n' | guardianctl split --threshold 3 --parts 5 >parts
recipient=$(head -n 3 parts | guardian-combine --recipient)
echo 'what the backup holds' | age -r "$recipient" >backup.age
tail -n 3 parts | guardian-combine --age --expect "$recipient" -o key.txt
[ "$(age-keygen -y key.txt)" = "$recipient" ]
[ "$(age -d -i key.txt backup.age)" = 'what the backup holds' ]
echo 'age opens with three parts what it encrypted to the recipient'
