/*
 * Loaded into the server under test with LD_PRELOAD: notes everything that changes files below one folder, in the order in which it
 * was done, and what was synced. image.ts makes of it what a disk may hold after a loss of power.
 *
 *   CRASH_ROOT     the folder, as an absolute path without a slash at its end
 *   CRASH_LOG      where the notes go; log.ts knows their form
 *   CRASH_BOOT_ID  a file that is read in the place of the machine's boot id
 *   CRASH_AFTER    kills the process right after this many notes
 *   CRASH_SYNC_US  a sync takes up to so many microseconds, and does nothing else: what is kept is decided from the notes
 *
 * A call is noted after it was made and before it is answered: who was told of it finds it noted. Nobody else changes anything in between: a process
 * that is killed by a note has done what is noted, and no more.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, CREATE, MKDIR, WRITE, TRUNCATE, SYNC, SYNC_ALL, RENAME, UNLINK, PUNCH, ALLOCATE, LINK };

struct note {
  uint32_t kind, name_bytes;
  uint64_t ino, offset, length, data_bytes;
};

#define MAX_FDS 65536
#define PUNCHES 2

static struct { uint64_t ino; int is_dsync; } fds[MAX_FDS];
static char root[4096];
static size_t root_length;
static const char *boot_id;
static int log_fd = -1;
static uint64_t count, kill_after;
static unsigned sync_us, seed = 1;
static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, name)

/* Until the end of the function, where it is ours. */
#define ALONE(ours) __attribute__((cleanup(let_go))) int is_held = (ours) && hold()

static int hold(void) { return pthread_mutex_lock(&lock) == 0; }

static void let_go(int *is_held) {
  if (*is_held) pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void start(void) {
  const char *at = getenv("CRASH_ROOT"), *path = getenv("CRASH_LOG"), *number;
  if (at == NULL || path == NULL || strlen(at) >= sizeof root) return;
  boot_id = getenv("CRASH_BOOT_ID");
  if ((number = getenv("CRASH_AFTER")) != NULL) kill_after = strtoull(number, NULL, 10);
  if ((number = getenv("CRASH_SYNC_US")) != NULL) sync_us = strtoul(number, NULL, 10);
  REAL(int, "open64", const char *, int, ...);
  log_fd = real(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) abort();
  strcpy(root, at);
  root_length = strlen(root);
}

static int is_ours(const char *path) {
  return log_fd >= 0 && path != NULL && strncmp(path, root, root_length) == 0 &&
         (path[root_length] == '/' || path[root_length] == 0);
}

static void put(uint32_t kind, uint64_t ino, uint64_t offset, uint64_t length, const void *name, size_t name_bytes,
                const struct iovec *data, int parts, uint64_t data_bytes) {
  static ssize_t (*real)(int, const struct iovec *, int);
  if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "writev");
  int was = errno;
  struct note note = { kind, name_bytes, ino, offset, length, data_bytes };
  struct iovec vector[3] = { { &note, sizeof note }, { (void *)name, name_bytes } };
  pthread_mutex_lock(&lock);
  real(log_fd, vector, 2);
  uint64_t left = data_bytes;
  for (int i = 0; i < parts && left > 0; i++) {
    struct iovec part = data[i];
    if (part.iov_len > left) part.iov_len = left;
    left -= part.iov_len;
    real(log_fd, &part, 1);
  }
  if (++count == kill_after) kill(getpid(), SIGKILL);
  pthread_mutex_unlock(&lock);
  errno = was;
}

static void note_path(uint32_t kind, const char *path, uint64_t ino) {
  put(kind, ino, 0, 0, path + root_length, strlen(path + root_length), NULL, 0, 0);
}

static void note_range(uint32_t kind, int fd, uint64_t offset, uint64_t length) {
  put(kind, fds[fd].ino, offset, length, NULL, 0, NULL, 0, 0);
}

static int is_noted(int fd) {
  return log_fd >= 0 && fd >= 0 && fd < MAX_FDS && fds[fd].ino != 0;
}

static uint64_t ino_of(int fd) {
  struct stat found;
  return fstat(fd, &found) == 0 ? found.st_ino : 0;
}

static int opened(int fd, const char *path, int flags, int was_there, off_t old_size) {
  if (fd < 0 || fd >= MAX_FDS) return fd;
  fds[fd].ino = ino_of(fd);
  fds[fd].is_dsync = (flags & O_DSYNC) != 0;
  note_path(was_there ? OPEN : CREATE, path, fds[fd].ino);
  if (was_there && (flags & O_TRUNC) && old_size > 0) note_range(TRUNCATE, fd, 0, 0);
  return fd;
}

static int open_any(const char *name, const char *path, int flags, mode_t mode) {
  int (*real)(const char *, int, ...);
  *(void **)&real = dlsym(RTLD_NEXT, name);
  if (path != NULL && boot_id != NULL && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0) path = boot_id;
  if (!is_ours(path)) return real(path, flags, mode);
  ALONE(1);
  struct stat before;
  int was_there = stat(path, &before) == 0;
  return opened(real(path, flags, mode), path, flags, was_there, was_there ? before.st_size : 0);
}

static mode_t mode_of(int flags, va_list rest) {
  return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_any("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_any("open64", path, flags, mode);
}

int close(int fd) {
  REAL(int, "close", int);
  if (fd >= 0 && fd < MAX_FDS) fds[fd].ino = 0;
  return real(fd);
}

/* How libuv closes. */
long syscall(long number, ...) {
  REAL(long, "syscall", long, ...);
  long arguments[6];
  va_list rest;
  va_start(rest, number);
  for (int i = 0; i < 6; i++) arguments[i] = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_close && arguments[0] >= 0 && arguments[0] < MAX_FDS) fds[arguments[0]].ino = 0;
  return real(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

static ssize_t wrote(int fd, uint64_t offset, const struct iovec *data, int parts, ssize_t done) {
  if (done > 0) put(WRITE, fds[fd].ino, offset, fds[fd].is_dsync, NULL, 0, data, parts, done);
  return done;
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  ALONE(is_noted(fd));
  struct iovec vector = { (void *)data, bytes };
  ssize_t done = real(fd, data, bytes, offset);
  return is_noted(fd) ? wrote(fd, offset, &vector, 1, done) : done;
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset) { return pwrite64(fd, data, bytes, offset); }

ssize_t pwritev64(int fd, const struct iovec *data, int parts, off64_t offset) {
  REAL(ssize_t, "pwritev64", int, const struct iovec *, int, off64_t);
  ALONE(is_noted(fd));
  ssize_t done = real(fd, data, parts, offset);
  return is_noted(fd) ? wrote(fd, offset, data, parts, done) : done;
}

ssize_t pwritev(int fd, const struct iovec *data, int parts, off_t offset) { return pwritev64(fd, data, parts, offset); }

ssize_t write(int fd, const void *data, size_t bytes) {
  REAL(ssize_t, "write", int, const void *, size_t);
  ALONE(is_noted(fd));
  ssize_t done = real(fd, data, bytes);
  struct iovec vector = { (void *)data, bytes };
  return is_noted(fd) ? wrote(fd, lseek(fd, 0, SEEK_CUR) - done, &vector, 1, done) : done;
}

ssize_t writev(int fd, const struct iovec *data, int parts) {
  REAL(ssize_t, "writev", int, const struct iovec *, int);
  ALONE(is_noted(fd));
  ssize_t done = real(fd, data, parts);
  return is_noted(fd) ? wrote(fd, lseek(fd, 0, SEEK_CUR) - done, data, parts, done) : done;
}

int ftruncate64(int fd, off64_t size) {
  REAL(int, "ftruncate64", int, off64_t);
  ALONE(is_noted(fd));
  int failed = real(fd, size);
  if (failed == 0 && is_noted(fd)) note_range(TRUNCATE, fd, size, 0);
  return failed;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
  REAL(int, "fallocate64", int, int, off64_t, off64_t);
  ALONE(is_noted(fd));
  int failed = real(fd, mode, offset, length);
  if (failed == 0 && is_noted(fd)) note_range(mode & PUNCHES ? PUNCH : ALLOCATE, fd, offset, length);
  return failed;
}

int fallocate(int fd, int mode, off_t offset, off_t length) { return fallocate64(fd, mode, offset, length); }

/* Only what was noted before the sync began is safe by it. */
static int synced(uint32_t kind, int fd) {
  pthread_mutex_lock(&lock);
  uint64_t begun = count;
  unsigned pause = sync_us > 0 ? rand_r(&seed) % sync_us : 0;
  pthread_mutex_unlock(&lock);
  if (pause > 0) usleep(pause);
  put(kind, fds[fd].ino, begun, 0, NULL, 0, NULL, 0, 0);
  return 0;
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  return is_noted(fd) ? synced(SYNC, fd) : real(fd);
}

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  return is_noted(fd) ? synced(SYNC, fd) : real(fd);
}

int syncfs(int fd) {
  REAL(int, "syncfs", int);
  return is_noted(fd) ? synced(SYNC_ALL, fd) : real(fd);
}

int mkdir(const char *path, mode_t mode) {
  REAL(int, "mkdir", const char *, mode_t);
  ALONE(is_ours(path));
  int failed = real(path, mode);
  struct stat made;
  if (failed == 0 && is_ours(path) && stat(path, &made) == 0) note_path(MKDIR, path, made.st_ino);
  return failed;
}

static int named(uint32_t kind, int failed, const char *from, const char *to) {
  if (failed == 0 && is_ours(from) && is_ours(to)) {
    struct iovec target = { (void *)(to + root_length), strlen(to + root_length) };
    put(kind, 0, 0, 0, from + root_length, strlen(from + root_length), &target, 1, target.iov_len);
  }
  return failed;
}

int rename(const char *from, const char *to) {
  REAL(int, "rename", const char *, const char *);
  ALONE(is_ours(from));
  return named(RENAME, real(from, to), from, to);
}

int link(const char *from, const char *to) {
  REAL(int, "link", const char *, const char *);
  ALONE(is_ours(from));
  return named(LINK, real(from, to), from, to);
}

int unlink(const char *path) {
  REAL(int, "unlink", const char *);
  ALONE(is_ours(path));
  int failed = real(path);
  if (failed == 0 && is_ours(path)) note_path(UNLINK, path, 0);
  return failed;
}

int rmdir(const char *path) {
  REAL(int, "rmdir", const char *);
  ALONE(is_ours(path));
  int failed = real(path);
  if (failed == 0 && is_ours(path)) note_path(UNLINK, path, 0);
  return failed;
}

int remove(const char *path) {
  REAL(int, "remove", const char *);
  ALONE(is_ours(path));
  int failed = real(path);
  if (failed == 0 && is_ours(path)) note_path(UNLINK, path, 0);
  return failed;
}
