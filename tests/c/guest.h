/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest-poller-private.h"
#include "aio-guest-run.h"
#include "aio-guest-source.h"

#include <sys/resource.h>
#include <unistd.h>

G_BEGIN_DECLS

/* One way of watching descriptors. What holds for a guest must hold for all of them. */
typedef struct
{
  const char *label;
  AioGuestPollMode mode;
  AioGuestWakeupKind kind;
} Variant;

typedef void (*VariantFunc) (const Variant *variant);

/* @path has one %s, for the variant's label. */
void add_per_variant (const char *path, VariantFunc func);

/* Microseconds; what the tests reckon with, whatever the defaults are. */
#define SLICE 2000
#define PERIOD 10000

/* For tests of what comes at once: a slow machine must not make the guest yield meanwhile. */
#define NO_YIELD G_MAXINT

/* Seconds after which what must happen is said not to: far more than a busy machine takes. */
#define PATIENCE 240

typedef struct _Guest Guest;

typedef void (*GuestFunc) (Guest *guest);

/* A guest that does as it is told: an epoll set with one eventfd in it. */
struct _Guest
{
  GMainContext *context;
  AioGuestPoller *poller;
  AioGuestRun *run;
  int epoll_fd;
  int event_fd;

  /* what the tick does and answers */
  GuestFunc on_tick;
  gpointer data;
  gboolean leave_events; /* don't take them from the eventfd */
  AioGuestTick answer;
  GError *failure;
  gint64 deadline;
  guint finish_at; /* the tick to answer FINISHED, or 0 */

  /* what has happened */
  guint ticks;
  guint64 events;
  gint64 tick_time;
  gint64 slice_end;
  guint dispatches; /* told by the slices' ends */
  guint out_of_turn; /* those before the run could claim a turn by right */
  gint64 slice_start;
  gint64 tick_end;
  guint depth;
  guint max_depth;
  guint finished;
  GError *error;
  GThread *finished_thread;
  guint destroyed;
};

/* @fd is the backend descriptor; -1 for the guest's own epoll set. */
Guest *guest_new (const Variant *variant);
Guest *guest_new_with_fd (const Variant *variant, int fd);
void guest_free (Guest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Guest, guest_free)

AioGuestTick guest_tick (AioGuestRun *run,
                         gint64 slice_end,
                         gint64 *next_ready_time,
                         gpointer user_data,
                         GError **error);
void guest_destroyed (gpointer user_data);

void guest_attach (Guest *self);
void guest_signal (Guest *self);
void guest_settle (Guest *self);

/* That the run has ended once, with this error or (-1) none, and has left nothing behind. */
void guest_assert_over (Guest *self, int code);

#define FRAME_PRIORITY (G_PRIORITY_HIGH_IDLE + 20) /* GDK's */

/* Iterates until the condition holds. */
#define iterate_until(context, condition) \
  G_STMT_START \
  { \
    const gint64 give_up = g_get_monotonic_time () + PATIENCE * G_TIME_SPAN_SECOND; \
    GSource *watchdog = add_timeout ((context), PATIENCE * 1000, G_PRIORITY_HIGH, NULL, NULL); \
    while (!(condition) && g_get_monotonic_time () < give_up) \
      g_main_context_iteration ((context), TRUE); \
    drop_source (watchdog); \
    g_assert_true (condition); \
  } \
  G_STMT_END

GSource *add_timeout (GMainContext *context,
                      guint milliseconds,
                      int priority,
                      GSourceFunc func,
                      gpointer data);
GSource *add_busy (GMainContext *context, int priority, GSourceFunc func, gpointer data);
void drop_source (GSource *source);
gboolean count_call (gpointer counter);

void burn (gint64 microseconds);

/* Pipes whose ends the test closes. */
void open_pipe (int fds[2]);
gboolean is_readable (int fd);

/* Without a descriptor to spare, from then on; gives back the limit that was. */
rlim_t exhaust_descriptors (void);
void restore_descriptors (rlim_t soft);

/* That a timerfd which is not due is set to @time, to the microsecond. */
void assert_timer_set_to (int fd, gint64 time);

/* Of this process. */
guint count_descriptors (void);
guint count_threads (void);

/* The child must not write to the test's output: it says by its exit status what went wrong. */
#define check(condition) \
  G_STMT_START \
  { \
    if (!(condition)) \
      _exit (10 + __COUNTER__); \
  } \
  G_STMT_END

/* The end of a forked child, and that it has come to that. */
G_GNUC_NORETURN void leave_child (void);
void await_child (pid_t child);

/* Until the one polling thread of this process is in poll(). */
void await_polling_thread (void);

G_END_DECLS
