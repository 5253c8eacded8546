# Random operations on one file, held against a model in memory; the other client looks and writes in between.
# First that a damaged file is found at all, on the guest's own disk.
status=0
"$NODE" "$SUITE/fsx.ts" --file "$TMP/spoilt" --steps 2000 --seed "$FSX_SEED" --spoil 1000 >"$TMP/spoilt.out" 2>&1 || status=$?
if ((status != 1)); then
  echo "fsx overlooks a damaged file (status $status): $(tail -n 1 "$TMP/spoilt.out")" >&2
  exit 1
fi
extra=()
[[ $VERS == 4.1 ]] || extra+=(--fallocate)
"$NODE" "$SUITE/fsx.ts" --file "$A/fsx" --other "$B/fsx" --direct --drop-caches --steps "$FSX_STEPS" --seed "$FSX_SEED" "${extra[@]}"
