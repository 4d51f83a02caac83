/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/*
 * Preloaded into a test (LD_PRELOAD), it makes calls of the C library fail when told to:
 *
 *   faults_set ("eventfd", 2, EMFILE, 1);
 *
 * has the second call from now on fail with EMFILE, and the one after it work again.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/types.h>
#include <time.h>

struct itimerspec;

int faults_set (const char *name, int nth, int error, int count);
int faults_count (const char *name);
int faults_calls (const char *name);
void faults_spare_thread (int spare);

/* The calls, and how each tells of a failure: by -1 and errno, or by returning the number. */
#define CALLS(X) \
  X (eventfd) \
  X (pipe2) \
  X (epoll_create1) \
  X (epoll_wait) \
  X (poll) \
  X (ppoll) \
  X (read) \
  X (write) \
  X (fcntl64) \
  X (timerfd_create) \
  X (timerfd_settime) \
  X (pthread_create)

enum
{
#define X(name) CALL_##name,
  CALLS (X)
#undef X
  N_CALLS
};

static const char *const names[N_CALLS] = {
#define X(name) #name,
  CALLS (X)
#undef X
};

typedef struct
{
  int before; /* calls that still work; atomic */
  int count;  /* of those that fail then; 0: none */
  int error;
  int failed; /* how many have; atomic */
  int calls;  /* how many there were; atomic */
} Fault;

static Fault faults[N_CALLS];
static __thread int spared;

static int
find (const char *name)
{
  for (int i = 0; i < N_CALLS; i++)
    {
      if (strcmp (names[i], name) == 0)
        return i;
    }

  return -1;
}

/* The @nth call from now on (1: the next) and the @count - 1 after it fail with @error. Returns 0,
 * or -1 if the call is not one of those above. */
__attribute__ ((visibility ("default"))) int
faults_set (const char *name, int nth, int error, int count)
{
  int i = find (name);

  if (i < 0)
    return -1;

  __atomic_store_n (&faults[i].count, 0, __ATOMIC_SEQ_CST);
  __atomic_store_n (&faults[i].failed, 0, __ATOMIC_SEQ_CST);
  __atomic_store_n (&faults[i].calls, 0, __ATOMIC_SEQ_CST);
  faults[i].error = error;
  __atomic_store_n (&faults[i].before, nth - 1, __ATOMIC_SEQ_CST);
  __atomic_store_n (&faults[i].count, count, __ATOMIC_SEQ_CST);
  return 0;
}

/* How many calls were made to fail since. */
__attribute__ ((visibility ("default"))) int
faults_count (const char *name)
{
  int i = find (name);

  return i < 0 ? -1 : __atomic_load_n (&faults[i].failed, __ATOMIC_SEQ_CST);
}

/* How many calls were made since; none if @count was 0. */
__attribute__ ((visibility ("default"))) int
faults_calls (const char *name)
{
  int i = find (name);

  return i < 0 ? -1 : __atomic_load_n (&faults[i].calls, __ATOMIC_SEQ_CST);
}

/* Calls of this thread neither fail nor count, as long as @spare is not 0. */
__attribute__ ((visibility ("default"))) void
faults_spare_thread (int spare)
{
  spared = spare;
}

/* The error for this call, or 0. */
static int
strike (int call)
{
  Fault *fault = &faults[call];
  int number;

  if (spared || __atomic_load_n (&fault->count, __ATOMIC_SEQ_CST) == 0)
    return 0;

  __atomic_add_fetch (&fault->calls, 1, __ATOMIC_SEQ_CST);
  number = __atomic_sub_fetch (&fault->before, 1, __ATOMIC_SEQ_CST);
  if (number >= 0 || -number > fault->count)
    return 0;

  __atomic_add_fetch (&fault->failed, 1, __ATOMIC_SEQ_CST);
  return fault->error;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): types and lists of parameters. */
#define WRAP(type, name, parameters, arguments) \
  __attribute__ ((visibility ("default"))) type name parameters; \
  type name parameters \
  { \
    static type (*real) parameters; \
    int error = strike (CALL_##name); \
\
    if (error != 0) \
      { \
        errno = error; \
        return -1; \
      } \
\
    if (real == NULL) \
      *(void **) &real = dlsym (RTLD_NEXT, #name); \
    return real arguments; \
  }
/* NOLINTEND(bugprone-macro-parentheses) */

WRAP (int, eventfd, (unsigned int value, int flags), (value, flags))
WRAP (int, pipe2, (int fds[2], int flags), (fds, flags))
WRAP (int, epoll_create1, (int flags), (flags))
WRAP (int, epoll_wait, (int fd, struct epoll_event *events, int max, int timeout),
      (fd, events, max, timeout))
WRAP (int, poll, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))
WRAP (int, ppoll,
      (struct pollfd * fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask),
      (fds, n, timeout, mask))
WRAP (ssize_t, read, (int fd, void *buffer, size_t size), (fd, buffer, size))
WRAP (ssize_t, write, (int fd, const void *buffer, size_t size), (fd, buffer, size))
WRAP (int, timerfd_create, (int clock, int flags), (clock, flags))
WRAP (int, timerfd_settime,
      (int fd, int flags, const struct itimerspec *value, struct itimerspec *old),
      (fd, flags, value, old))

/* What the C library's headers make of fcntl(). Whatever its third argument is, it has the size of a
 * pointer. */
__attribute__ ((visibility ("default"))) int fcntl64 (int fd, int command, ...);
int
fcntl64 (int fd, int command, ...)
{
  static int (*real) (int, int, ...);
  int error = strike (CALL_fcntl64);
  va_list arguments;
  void *argument;

  if (error != 0)
    {
      errno = error;
      return -1;
    }

  va_start (arguments, command);
  argument = va_arg (arguments, void *);
  va_end (arguments);

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "fcntl64");
  return real (fd, command, argument);
}

__attribute__ ((visibility ("default"))) int
pthread_create (pthread_t *thread,
                const pthread_attr_t *attr,
                void *(*start) (void *),
                void *data)
{
  static int (*real) (pthread_t *, const pthread_attr_t *, void *(*) (void *), void *);
  int error = strike (CALL_pthread_create);

  if (error != 0)
    return error;

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "pthread_create");
  return real (thread, attr, start, data);
}
