#!/usr/bin/env bash
# make_venvs.sh [name ...]: one venv per requirements/<name>.txt
set -eu
cd "$(dirname "$0")"
venvs=${PEERBENCH_VENVS:-../.venvs}
[ $# -gt 0 ] || set -- $(cd requirements && ls *.txt | sed 's/\.txt$//')
for name in "$@"; do
  ${PYTHON:-python3} -m venv "$venvs/$name"
  "$venvs/$name/bin/pip" -q install --disable-pip-version-check -r "requirements/$name.txt"
done
