/*
 * Makes each sync of a process to its disk take longer, by LD_PRELOAD. How many milliseconds longer is read at each sync
 * from the file that SLOW_DISK_FILE names, because the delay changes while the process runs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long delay_in_ms(void) {
  const char *file = getenv("SLOW_DISK_FILE");
  int fd = file == NULL ? -1 : open(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[16] = {0};
  ssize_t count = read(fd, text, sizeof text - 1);
  close(fd);
  return count > 0 ? atol(text) : 0;
}

static void wait_a_little(void) {
  int before = errno;
  long ms = delay_in_ms();
  struct timespec left = {ms / 1000, (ms % 1000) * 1000000};
  /* The system call itself: a library that shows another clock may stand before nanosleep. */
  while (ms > 0 && syscall(SYS_nanosleep, &left, &left) != 0 && errno == EINTR) continue;
  errno = before;
}

int fdatasync(int fd) {
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  wait_a_little();
  return next(fd);
}

int fsync(int fd) {
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  wait_a_little();
  return next(fd);
}

int msync(void *from, size_t size, int flags) {
  int (*next)(void *, size_t, int) = (int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "msync");
  wait_a_little();
  return next(from, size, flags);
}
