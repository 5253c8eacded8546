#!/bin/bash
# The guest's first process, started by the kernel straight from the host's root (hostfs, read-only), with RUN=<folder
# of this boot> in its environment. Lays a throw-away overlay over that root, goes on in it, runs the job that
# $RUN/job.env describes, and powers off. Its own messages go to the console, the job's output to the serial line.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb
. "$RUN/job.env"
modules=$KERNEL_DIR/lib/modules/$(uname -r)

power_off() { # STATUS
  # Bounded: a server that has gone away must not keep the guest up.
  timeout 15 umount -a -t nfs4 || timeout 5 umount -a -l -f -t nfs4
  echo "guest exit $1" >/dev/ttyS0
  timeout 5 stty -F /dev/ttyS0 raw -opost # waits until the line has been read
  echo o >/proc/sysrq-trigger
  sleep 30
}

if [[ ${1-} != over ]]; then
  mount -t proc proc /proc
  mount -t tmpfs -o size=80% tmp /mnt && mkdir /mnt/upper /mnt/work /mnt/root
  grep -qw overlay /proc/filesystems || insmod "$modules/kernel/fs/overlayfs/overlay.ko"
  mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
  exec chroot /mnt/root /bin/bash "$RUN/init.sh" over
fi

mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
mount -t tmpfs shm /dev/shm; mount -t tmpfs run /run; mount -t devpts devpts /dev/pts
ln -sfn /proc/self/fd /dev/fd
stty -F /dev/ttyS0 raw -echo
echo 1 >/proc/sys/kernel/sysrq
# Forking with io_uring's memory mapped, as Node does, is more than user-mode Linux survives ("Bad page map", a panic).
[[ ! -e /proc/sys/kernel/io_uring_disabled ]] || echo 2 >/proc/sys/kernel/io_uring_disabled
hostname "$GUEST_NAME"
printf '127.0.0.1 localhost %s\n' "$GUEST_NAME" >/etc/hosts
ip link set lo up
ip addr add "$GUEST_ADDRESS/24" dev vec0 && ip link set vec0 up

mkdir -p /lib/modules /etc/modprobe.d
ln -sfn "$modules" "/lib/modules/$(uname -r)"
printf '%s\n' "$MODULE_OPTIONS" >/etc/modprobe.d/dfs-kernel-test.conf
modprobe -a nfs nfsv4 || echo "no NFS modules"

cd "$JOB_DIR" || power_off 125
setsid -w /bin/bash "$JOB_SCRIPT" </dev/null >/dev/ttyS0 2>&1
power_off $?
