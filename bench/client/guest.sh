#!/bin/bash
# In the guest: mounts the share with each number of $CONNECTIONS and does the steps of $PHASE there. Lines: those of steps.py, and
# "mounted NUMBER" before them.
set -eu
mkdir -p /mnt/bench
for number in $CONNECTIONS; do
  timeout 60 mount -t nfs -o "vers=4.1,proto=tcp,port=$PORT,hard,nconnect=$number" "$SERVER_ADDRESS:$EXPORT" /mnt/bench
  echo "mounted $number"
  python3 "$STEPS" "$PHASE" /mnt/bench
  umount /mnt/bench
done
