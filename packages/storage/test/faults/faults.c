/*
 * Loaded before the C library (LD_PRELOAD), so that a real process meets a failing disk. What fails stands in the file that DFS_FAULTS names,
 * read at each call: lines "CALL ERRNO PART", where CALL is read, write, sync or change, ERRNO a number, and PART a part of the file's path. A
 * file that is missing or empty makes nothing fail.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define RULES_BYTES 4096

static int fails(const char *call, int fd) {
  const char *name = getenv("DFS_FAULTS");
  char rules[RULES_BYTES], link[64], path[PATH_MAX];
  if (name == NULL) return 0;
  int rules_fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
  if (rules_fd < 0) return 0;
  ssize_t length = syscall(SYS_read, rules_fd, rules, sizeof(rules) - 1);
  syscall(SYS_close, rules_fd);
  if (length <= 0) return 0;
  rules[length] = 0;
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  ssize_t bytes = readlink(link, path, sizeof(path) - 1);
  if (bytes < 0) return 0;
  path[bytes] = 0;
  char *rest = NULL;
  for (char *line = strtok_r(rules, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
    char what[16], part[256];
    int number = 0;
    if (sscanf(line, "%15s %d %255s", what, &number, part) != 3) continue;
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
