// What `run` and `probe` share: the target, its readings, the lines about them, and every reason to
// end that does not come from the load itself.
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

enum phase { PHASE_BASELINE, PHASE_RAMP, PHASE_HOLD, PHASE_RELEASE, PHASE_SETTLE };

struct session {
    const struct options* options;
    int64_t start_ms;
    enum phase phase;
    enum reason reason;

    struct cgroup cgroup;
    struct readings readings; // the last
    enum membership membership;
    int64_t target_start_ticks;
    int64_t holder_pid;
    int64_t node_swap_bytes;
    int64_t node_available_bytes; // as of the last slow reading

    struct workers workers;
    struct load_state load;
    int64_t held_max_bytes;

    int events; // an epoll of all that is waited for
    int signals; // a signalfd
    int target; // a pidfd, or -1
    bool input_open;
    bool input_is_file; // of a kind that cannot be waited for: it is read at each waking
    struct commands commands;
    int64_t input_ms; // when a byte came last
    int64_t next_slow_ms;
    int64_t next_sample_ms;
    int64_t next_second_ms;
};

bool session_open(struct session* session, const struct options* options, int64_t start_ms);

void session_finish(struct session* session, enum reason reason);
void session_report_processes(struct session* session);
enum request session_wait(struct session* session, int64_t until_ms);
void session_wait_for_workers(const struct session* session);
