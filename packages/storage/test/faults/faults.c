/*
 * Loaded before the C library (LD_PRELOAD), so that a real process meets a failing disk. What fails stands in the file that DFS_FAULTS names,
 * read at each call: lines "CALL ERRNO PART", where CALL is read, write, sync or change, ERRNO a number, and PART a part of the file's path. A
 * file that is missing or empty makes nothing fail.
 *
 * CALL may also be map: then the pages of a file that is mapped cannot be read any more, from the next call of any kind on. Who touches
 * one gets SIGBUS, as where the disk cannot read it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define RULES_BYTES 4096
#define MAPS 64

static struct map {
  void *at;
  size_t bytes;
  char path[PATH_MAX];
} maps[MAPS];
static pthread_mutex_t maps_lock = PTHREAD_MUTEX_INITIALIZER;

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  ssize_t bytes = readlink(link, path, PATH_MAX - 1);
  if (bytes < 0) return 0;
  path[bytes] = 0;
  return 1;
}

/* In place of each mapping of the file there is one of an empty file: all its pages lie behind the end. */
static void lose(const char *part) {
  pthread_mutex_lock(&maps_lock);
  for (int i = 0; i < MAPS; i++) {
    if (maps[i].at == NULL || strstr(maps[i].path, part) == NULL) continue;
    int empty = (int)syscall(SYS_memfd_create, "empty", 0);
    syscall(SYS_mmap, maps[i].at, maps[i].bytes, PROT_READ, MAP_SHARED | MAP_FIXED, empty, 0);
    syscall(SYS_close, empty);
    maps[i].at = NULL;
  }
  pthread_mutex_unlock(&maps_lock);
}

static void *mapped(void *at, size_t bytes, int flags, int fd) {
  char path[PATH_MAX];
  if (at == MAP_FAILED || fd < 0 || (flags & MAP_TYPE) != MAP_SHARED || !path_of(fd, path)) return at;
  pthread_mutex_lock(&maps_lock);
  for (int i = 0; i < MAPS; i++) {
    if (maps[i].at != NULL) continue;
    maps[i].at = at;
    maps[i].bytes = bytes;
    strcpy(maps[i].path, path);
    break;
  }
  pthread_mutex_unlock(&maps_lock);
  return at;
}

void *mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset) {
  return mapped((void *)syscall(SYS_mmap, at, bytes, prot, flags, fd, offset), bytes, flags, fd);
}

void *mmap64(void *at, size_t bytes, int prot, int flags, int fd, off64_t offset) {
  return mmap(at, bytes, prot, flags, fd, offset);
}

int munmap(void *at, size_t bytes) {
  pthread_mutex_lock(&maps_lock);
  for (int i = 0; i < MAPS; i++)
    if (maps[i].at == at) maps[i].at = NULL;
  pthread_mutex_unlock(&maps_lock);
  return (int)syscall(SYS_munmap, at, bytes);
}

static int fails(const char *call, int fd) {
  const char *name = getenv("DFS_FAULTS");
  char rules[RULES_BYTES], path[PATH_MAX];
  if (name == NULL) return 0;
  int rules_fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
  if (rules_fd < 0) return 0;
  ssize_t length = syscall(SYS_read, rules_fd, rules, sizeof(rules) - 1);
  syscall(SYS_close, rules_fd);
  if (length <= 0) return 0;
  rules[length] = 0;
  if (!path_of(fd, path)) return 0;
  char *rest = NULL;
  for (char *line = strtok_r(rules, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
    char what[16], part[256];
    int number = 0;
    if (sscanf(line, "%15s %d %255s", what, &number, part) != 3) continue;
    if (strcmp(what, "map") == 0) lose(part);
    if (strcmp(what, call) == 0 && strstr(path, part) != NULL) {
      errno = number;
      return 1;
    }
  }
  return 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define WRAP(call, result, name, declared, passed) \
  result name declared {                           \
    if (fails(call, fd)) return -1;                \
    return REAL(name) passed;                      \
  }

WRAP("write", ssize_t, write, (int fd, const void *b, size_t n), (fd, b, n))
WRAP("write", ssize_t, pwrite, (int fd, const void *b, size_t n, off_t o), (fd, b, n, o))
WRAP("write", ssize_t, pwrite64, (int fd, const void *b, size_t n, off64_t o), (fd, b, n, o))
WRAP("write", ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n))
WRAP("write", ssize_t, pwritev, (int fd, const struct iovec *v, int n, off_t o), (fd, v, n, o))
WRAP("write", ssize_t, pwritev64, (int fd, const struct iovec *v, int n, off64_t o), (fd, v, n, o))
WRAP("read", ssize_t, pread, (int fd, void *b, size_t n, off_t o), (fd, b, n, o))
WRAP("read", ssize_t, pread64, (int fd, void *b, size_t n, off64_t o), (fd, b, n, o))
WRAP("read", ssize_t, preadv, (int fd, const struct iovec *v, int n, off_t o), (fd, v, n, o))
WRAP("read", ssize_t, preadv64, (int fd, const struct iovec *v, int n, off64_t o), (fd, v, n, o))
WRAP("read", ssize_t, preadv2, (int fd, const struct iovec *v, int n, off_t o, int f), (fd, v, n, o, f))
WRAP("read", ssize_t, preadv64v2, (int fd, const struct iovec *v, int n, off64_t o, int f), (fd, v, n, o, f))
WRAP("sync", int, fsync, (int fd), (fd))
WRAP("sync", int, fdatasync, (int fd), (fd))
WRAP("sync", int, syncfs, (int fd), (fd))
WRAP("change", int, ftruncate, (int fd, off_t n), (fd, n))
WRAP("change", int, ftruncate64, (int fd, off64_t n), (fd, n))
WRAP("change", int, fallocate, (int fd, int m, off_t o, off_t n), (fd, m, o, n))
