// What is known about a run or a reading: the state that steering changes and reports show. No
// functions: who changes what says so in its own header.
#pragma once

#include "load/state.h"
#include "load/workers.h"
#include "observe/cgroup.h"
#include "observe/membership.h"
#include "observe/readings.h"
#include "steer/commands.h"
#include "words/options.h"
#include "words/reason.h"

#include <stdbool.h>
#include <stdint.h>

enum { SECOND_MS = 1000 };

enum phase {
    PHASE_READY,
    PHASE_BASELINE,
    PHASE_RAMP,
    PHASE_HOLD,
    PHASE_RELEASE,
    PHASE_SETTLE,
};

struct session {
    struct options* options; // commands before `go` change them
    int64_t start_ms;
    enum phase phase;
    enum reason reason; // to end
    enum reason load_reason; // why the load was released
    const char* by; // who had it stopped, or NULL

    // admission
    struct cgroup cgroup;
    enum membership membership;
    enum membership mount_namespace;
    int64_t target_start_ticks;
    int target; // a pidfd, or -1
    int64_t holder_pid;
    int64_t node_swap_bytes;
    const char* join_problem;
    bool has_parent_death; // the kernel lets workers end with their parent
    int log_error; // of the holder's log, 0 or -errno

    // observe
    struct readings readings; // the last
    int64_t node_available_bytes; // as of the last slow reading

    // load
    struct workers workers;
    struct load_state load;
    int64_t held_max_bytes;

    // wakeups
    int timer_error; // of the watchdog, 0 or -errno
    bool has_events;
    int events; // an epoll of all that is waited for
    int signals; // a signalfd
    bool input_open;
    bool input_is_file; // of a kind that cannot be waited for: it is read at each waking
    int64_t input_ms; // when a byte came last
    struct commands commands;
    int64_t deadline_from_ms; // when the load was begun, or this process
    int64_t go_ms; // when to begin, or ABSENT
    int64_t next_slow_ms;
    int64_t next_sample_ms;
    int64_t next_second_ms;
    int64_t late_ms; // of the sample at hand
    int64_t missed; // samples that were due and left out
};

static inline bool session_is_run(const struct session* session)
{
    return session->options->command == COMMAND_RUN;
}

// Ends the session, unless it ends already for another reason.
static inline void session_finish(struct session* session, enum reason reason)
{
    if (session->reason == REASON_NONE)
        session->reason = reason;
}
