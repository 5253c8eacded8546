#!/bin/bash
# In the guest: mounts the share with each of $VERSIONS in turn and runs the suite on it. Lines: "run VERSION", those of main.py,
# "done VERSION STATUS SECONDS".
set -u
for vers in $VERSIONS; do
  mkdir -p "/mnt/posix-$vers"
  echo "run $vers"
  began=$EPOCHREALTIME
  status=125
  if timeout 60 mount -t nfs -o "vers=$vers,proto=tcp,port=$PORT,hard" "$SERVER_ADDRESS:$EXPORT" "/mnt/posix-$vers"; then
    timeout -k 10 "$LIMIT" python3 "$SUITE/main.py" "/mnt/posix-$vers" --nfs ${ONLY:+--only "$ONLY"} 2>&1
    status=$?
    umount "/mnt/posix-$vers" || echo "FAIL umount: the mount is still busy"
  fi
  echo "done $vers $status $(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')"
done
