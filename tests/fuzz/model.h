/* SPDX-FileCopyrightText: 2026 The AioGuest authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "aio-guest.h"
#include "input.h"

G_BEGIN_DECLS

/*
 * What the cases are made of, and what must hold of it whatever the order of events.
 *
 * The guests and hosts here know no more of the library than its documentation says: a guest
 * has a reason to be ticked or has none, a host rests or doesn't. All times are those of the
 * virtual clock, in microseconds.
 */

#define N_HOSTS 2
#define MAX_GUESTS 6
#define MAX_SOURCES 6
#define MAX_NESTING 4
#define MAX_ITERATIONS 300

typedef struct _Host Host;
typedef struct _ModelGuest ModelGuest;
typedef struct _HostSource HostSource;

/* One call of g_main_context_iteration(), and what stood when it began. */
typedef struct _Frame Frame;
struct _Frame
{
  guint id;
  Frame *outer; /* of any host */
  Host *host;
  gboolean nested; /* another one of the same host took place inside */
  gint64 start;
  int most_urgent; /* priority of what was dispatched */

  guint n_sources;
  int source_priorities[MAX_SOURCES]; /* of those that were ready */

  int priorities[MAX_GUESTS];
  gboolean is_due[MAX_GUESTS]; /* must be ticked if nothing more urgent is there */
  guint ticks[MAX_GUESTS];
};

struct _Host
{
  GMainContext *context;
  guint iterating;
  gboolean rested_for_good; /* would have slept until some other thread wakes it */
  HostSource *sources[MAX_SOURCES];
};

struct _HostSource
{
  Host *host;
  guint slot;
  GSource *source;
  guint interval; /* milliseconds; 0 for one that is always ready */
  gboolean acts;
  gboolean recurses;
  guint depth;
};

/* Of the thread's time, as far as a guest's share shows. */
typedef struct
{
  gint64 charge;
  gboolean may_have_yielded;
  gboolean must_have_yielded; /* unless it is uncertain */
  gboolean uncertain;         /* nesting, or a slice begun anew, has blurred the accounts */
  gint64 not_before;          /* because it has yielded */
  gint64 due_in_any_case;     /* though it has yielded */
} Share;

/* A dispatch of one of a guest's sources, which may tick it several times. */
typedef struct
{
  guint frame;
  GSource *source; /* borrowed, compared only */
  gboolean when_idle;
  gint64 start;
  Share before;
} Turn;

struct _ModelGuest
{
  guint slot;
  Host *host; /* while it is attached */

  AioGuestRun *run; /* NULL when the reference was dropped */
  AioGuestRun *alive_run; /* NULL when it is finalized */
  AioGuestPoller *poller;
  AioGuestPoller *alive_poller;
  gboolean threaded;
  int backend_fd; /* an epoll set with the eventfd in it; -1 for a guest without one */
  int event_fd;
  gboolean watched; /* the eventfd, by whichever of the two */
  gboolean closed;  /* the backend, behind the library's back */

  /* Reasons to be ticked. */
  gboolean is_new;
  int posted; /* atomic; before each wake */
  int seen;   /* of @posted, by the last tick */
  gboolean woken;
  gboolean again;
  gboolean signalled;
  gboolean peek; /* has one */
  gboolean work; /* that only it tells of */
  gint64 deadline;
  gboolean racing;     /* a wake is on its way */
  gboolean spare_wake; /* it may cost one tick without a reason */

  Share share;
  Turn turn;

  guint ticks;
  guint depth;
  gboolean over; /* no tick any more */
  gboolean source_destroyed;
  guint allowed_ends; /* a bit for each error, see END() */
  guint finished;
  guint destroyed;
};

#define END(code) (1u << (code))
#define END_WITHOUT_ERROR (1u << 31)

typedef struct
{
  Input input;
  GThread *owner;
  Frame *frame; /* innermost */
  guint nesting;
  guint iterations;
  guint ending; /* runs that say so just now */
  guint next_fd;
  Host hosts[N_HOSTS];
  ModelGuest *guests[MAX_GUESTS];
} World;

extern World world;

static inline guint
host_number (const Host *self)
{
  return (guint) (self - world.hosts);
}

static inline gint64
input_choose_time (Input *input)
{
  static const gint64 times[] = { 0, 1, 3, 999, 1000, 1001, 5000, 12345, 1000000, 100000000 };

  return times[input_choose (input, G_N_ELEMENTS (times))];
}

static inline int
input_choose_priority (Input *input)
{
  static const int priorities[] = { 0, -100, 120, 200, 201, 300 };

  return priorities[input_choose (input, G_N_ELEMENTS (priorities))];
}

/* model-guest.c */

ModelGuest *model_guest_new (guint slot);
void model_guest_free (ModelGuest *self);
void model_guest_attach (ModelGuest *self, Host *host);
void model_guest_check (ModelGuest *self);

/* model-reasons.c */

gboolean model_guest_is_live (ModelGuest *self);
gboolean model_guest_may_enter (ModelGuest *self);
gboolean model_guest_has_reason (ModelGuest *self);
gboolean model_guest_is_due (ModelGuest *self);
void model_guest_describe (ModelGuest *self);

/* model-events.c */

void model_guest_signal (ModelGuest *self);
void model_guest_give_work (ModelGuest *self);
void model_guest_close_backend (ModelGuest *self);
void model_guest_toggle_watch (ModelGuest *self);
void model_guest_wake (ModelGuest *self);
void model_guest_wake_elsewhere (ModelGuest *self, gboolean racing);

/* model-tick.c */

AioGuestTick model_guest_tick (AioGuestRun *run,
                               gint64 slice_end,
                               gint64 *next_ready_time,
                               gpointer user_data,
                               GError **error);
gboolean model_guest_peek (gpointer user_data);

/* model-share.c */

void model_guest_begin_turn (ModelGuest *self);
void model_guest_settle (ModelGuest *self, AioGuestTick answer);
void model_guest_restart_slice (ModelGuest *self);

/* model-end.c */

void model_guest_stop (ModelGuest *self);
void model_guest_drop (ModelGuest *self);
void model_guest_destroy_source (ModelGuest *self);
void model_guest_host_gone (ModelGuest *self);
void model_guest_note_finished (AioGuestRun *run, GError *error, gpointer user_data);
void model_guest_note_destroyed (gpointer user_data);

/* model-host.c */

void host_open (Host *self);
void host_close (Host *self);
void host_replace (Host *self);
void host_iterate (Host *self, gboolean may_block);
void host_iterate_elsewhere (Host *self);
void host_settle (Host *self);
void host_note_dispatch (int priority);

/* model-poll.c */

int host_poll (GPollFD *fds, guint n_fds, int timeout);

/* model-source.c */

void host_source_add (Host *host);
void host_source_remove (HostSource *self);
gboolean host_source_is_ready (HostSource *self);

/* actions.c */

void act (ModelGuest *self);

/* case.c: whatever the bytes say. */
void run_case (const guint8 *data, gsize size);

G_END_DECLS
