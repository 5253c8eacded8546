#!/bin/bash
# In the guest: mounts the share twice, runs the workloads one after the other, and says how each went, a line each:
#   ok NAME SECONDS [NOTE]     skip NAME WHY     FAIL NAME WHY
# and for the runner: "begin NAME TIME", "end NAME TIME", "wait FROM TO WHAT" (a single call of a workload took long), "log NAME LINE" (the end of what a failed workload printed),
# "report NAME LINE" (what a workload printed behind "report: ", for the run's report),
# "mark last" before the workloads that are not captured, and the lines of watch.py.
# The mounts: /mnt/a, with nconnect; /mnt/b, another client with another name and address. (A second mount of the same
# client, with nosharecache, would be no second party: a server need not recall a delegation from its own holder.)
set -u
options=vers=$VERS,proto=tcp,port=$PORT,hard
here=$(dirname "$JOB_SCRIPT")
tmp=/run/work
mkdir -p "$tmp" /mnt/a /mnt/b
# A workload may take this long; nothing in the CI profile comes near.
limit=${WORKLOAD_LIMIT:-300}

fail() { # NAME WHY
  echo "FAIL $1 $2"
}
why() { # FILE: the last line that says something
  grep -v '^[[:space:]]*$' "$1" | tail -n 1 | cut -c -300
}
mount_all() {
  timeout 60 mount -t nfs -o "$options,nconnect=$NCONNECT" "$SERVER_ADDRESS:$EXPORT" /mnt/a || return
  modprobe macvlan
  # A network and a host name of its own make the third mount another client, as seen by the server.
  mkdir -p /run/netns && ip netns add second && ip link add link vec0 name second type macvlan mode bridge &&
    ip link set second netns second && ip -n second addr add "$SECOND_ADDRESS/24" dev second &&
    ip -n second link set lo up && ip -n second link set second up || return
  timeout 60 nsenter --net=/run/netns/second unshare --uts bash -c 'hostname dfs-guest-2 && exec mount -t nfs -o "$@"' \
    mount "$options" "$SERVER_ADDRESS:$EXPORT" /mnt/b
}
run_one() { # FILE
  local name=${1%.*} rc=0 began seconds
  local -a command
  case $1 in
    *.sh) command=(bash -euo pipefail) ;;
    *.py) command=(python3) ;;
    *.ts) command=("$NODE") ;;
  esac
  export A=/mnt/a/$COMBO/$name B=/mnt/b/$COMBO/$name TMP=$tmp/$name WAITS=$tmp/waits
  : >"$WAITS"
  echo "begin $name $EPOCHREALTIME"
  began=$EPOCHREALTIME
  mkdir -p "$TMP" && mkdir "$A" 2>"$tmp/err" && cd "$A" || { fail "$name" "its folder: $(why "$tmp/err")"; return; }
  timeout -k 10 "$limit" "${command[@]}" "$here/workloads/$1" >"$tmp/out" 2>"$tmp/err" || rc=$?
  cd /
  if [[ $rc == 0 ]] && ! timeout -k 10 "$limit" rm -rf "$A" 2>"$tmp/err"; then rc=1; fi
  seconds=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }')
  cat "$WAITS"
  sed -n "s/^report: /report $name /p" "$tmp/out"
  echo "end $name $EPOCHREALTIME"
  case $rc in
    0) echo "ok $name $seconds $(why "$tmp/out")" ;;
    77) echo "skip $name $(why "$tmp/out")" ;;
    124 | 137) fail "$name" "not done after $limit s; $(why "$tmp/err")" ;;
    *) fail "$name" "$(why "$tmp/err")" ;;
  esac
  if [[ $rc != 0 && $rc != 77 ]]; then
    tail -n 15 "$tmp/out" "$tmp/err" | cut -c -300 | sed "s/^/log $name /"
    rm -rf "$TMP"
    timeout -k 10 60 rm -rf "$A" 2>/dev/null
  fi
  rm -rf "$TMP"
}
connections() { # how many TCP connections of this guest's first client the server's port has
  local port
  port=$(printf '%04X' "$PORT")
  awk -v port=":$port\$" '$3 ~ port && $4 == "01" { n++ } END { print n + 0 }' /proc/net/tcp
}

echo "begin mount $EPOCHREALTIME"
began=$EPOCHREALTIME
if ! mount_all 2>"$tmp/err" >&2; then
  fail mount "$(why "$tmp/err")"
  sed 's/^/log mount /' "$tmp/err"
  exit 1
fi
echo "end mount $EPOCHREALTIME"
echo "ok mount $(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }') $(sed -n 's#.* /mnt/a nfs4 \([^ ]*\).*#\1#p' /proc/mounts | cut -c -120)"

if [[ -n ${EXEC-} ]]; then
  cd /mnt/a || exit 1
  timeout -k 10 "$limit" bash -c "$EXEC"
  exit
fi
rm -rf "/mnt/a/$COMBO"
mkdir "/mnt/a/$COMBO" || { fail mount "cannot make a folder on the share"; exit 1; }
: >"/mnt/a/$COMBO/.probe"
python3 "$here/watch.py" ticks & ticks=$!
python3 "$here/watch.py" probe "/mnt/a/$COMBO/.probe" & probe=$!
for file in $WORKLOADS; do
  [[ $file != "$UNCAPTURED" ]] || { echo "mark last"; sleep 2; }
  run_one "$file"
done
seen=$(connections)
if [[ $seen == "$NCONNECT" ]]; then echo "ok connections 0 $seen established"; else fail connections "$seen established, not $NCONNECT"; fi
kill "$probe" "$ticks"
# The probe finishes the call it is in; one that never returns is a stall without an end.
for _ in {1..600}; do kill -0 "$probe" 2>/dev/null || break; sleep 0.1; done
! kill -0 "$probe" 2>/dev/null || fail probe "a GETATTR did not return within 60 s"
awk '/^device .* mounted on \/mnt\/a / { on = 1 } /^device .* mounted on \/mnt\/[^a]/ { on = 0 }
  on && /^\t *[A-Z_]+: / && $2 != $3 { print "retransmitted " $1 " " $3 - $2 }' /proc/self/mountstats
rm -rf "/mnt/a/$COMBO" || fail cleanup "the run's folder could not be removed"
umount /mnt/b && umount /mnt/a || fail umount "a mount is still busy"
