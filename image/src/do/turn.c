#include "do/turn.h"

#include "kernel/files.h"
#include "kernel/lines.h"
#include "observe/agents.h"
#include "observe/processes.h"
#include "steer/admission.h"
#include "steer/wakeups.h"
#include "tell/report.h"
#include "words/buffers.h"
#include "words/clock.h"

#include <errno.h>
#include <signal.h>

enum {
    PROCESSES_SHARE = 10, // telling the processes takes no more than one part in so many of the
                          // time
};

static int64_t next_processes_ms;

// Its stdout is a log only while our program runs as `hold`: in another process, or before that,
// descriptor 1 may be any file at all, such as a library that is being loaded.
static bool has_log(int64_t pid)
{
    return pid != ABSENT && agent_kind(pid) == AGENT_HOLD && process_may_write_stdout(pid);
}

// Has the lines go to the holder's log, where they are found after the client has gone. Until the
// load begins the caller gets them as well.
static void send_to_log(struct session* session)
{
    int64_t holder = session->holder_pid;

    session->log_error = has_log(holder) ? line_to(proc_path(holder, "fd/1")) : -EBADF;
    line_copy_to_stdout(session->log_error == 0);
}

bool turn_open(struct session* session, struct options* options, int64_t start_ms)
{
    *session = (struct session) { .options = options,
        .start_ms = start_ms,
        .reason = REASON_NONE,
        .load_reason = REASON_NONE,
        .input_open = !options->detach || options->waits_for_go,
        .input_ms = clock_begin_turn(),
        .deadline_from_ms = start_ms,
        .go_ms = ABSENT,
        .phase = PHASE_BASELINE,
        .next_sample_ms = start_ms + options->sample_interval_ms,
        .next_slow_ms = start_ms,
        .next_second_ms = start_ms + SECOND_MS,
        .load = { .level_bytes = ABSENT, .cpu_level = ABSENT },
        .workers = { .notify = -1 } };
    readings_forget(&session->readings);
    processes_init(session_is_run(session) ? AGENT_RUN : AGENT_PROBE);
    admission_look(session);
    buffers_forget(buffers_begin, buffers_end); // paths that are not needed again
    wakeups_open(session);
    if (options->detach)
        send_to_log(session);
    report_hello(session);
    return admission_check(session) && (!session_is_run(session) || admission_check_load(session));
}

// For kernels and seccomp profiles without pidfd_open(): others tell when the target has gone.
static void check_target(struct session* session)
{
    if (session->target < 0
        && process_start_time_ticks(session->options->target_pid) != session->target_start_ticks)
        session_finish(session, REASON_TARGET_GONE);
}

static void check_membership(struct session* session)
{
    bool is_loaded = session->phase == PHASE_RAMP || session->phase == PHASE_HOLD;

    admission_look_at_membership(session);
    if (!session_is_run(session) || session->membership != MEMBERSHIP_DIFFERENT)
        return;
    line_error("not-a-member", "the cgroups of this process and of the target have parted");
    session_finish(session, is_loaded ? REASON_PARTED : REASON_NOT_A_MEMBER);
}

// Where the CPU is short, or the processes are many, they are told more seldom.
void turn_report_processes(struct session* session)
{
    int64_t begun_ms = now_ms();
    int64_t ended_ms;

    report_processes(session);
    ended_ms = now_ms();
    next_processes_ms = ended_ms + (ended_ms - begun_ms) * PROCESSES_SHARE;
}

// What is due each second: are we still where we should be, and who else is here?
static void each_second(struct session* session)
{
    check_target(session);
    check_membership(session);
    if (session->holder_pid != ABSENT && agent_kind(session->holder_pid) == AGENT_HOLD)
        kill((pid_t)session->holder_pid, SIGURG); // harmless to one that does not listen yet
    if (session->phase != PHASE_READY && turn_ms() >= next_processes_ms)
        turn_report_processes(session);
}

static void sample(struct session* session, int64_t now)
{
    int64_t interval_ms = session->options->sample_interval_ms;

    session->late_ms = now - session->next_sample_ms;
    session->missed += session->late_ms / interval_ms;
    session->next_sample_ms = next_due(session->next_sample_ms, interval_ms, now);
    report_sample(session, 0);
    session->late_ms = 0;
}

void turn(struct session* session, int64_t until_ms)
{
    int64_t now;

    wakeups_wait(session, until_ms);
    now = turn_ms();
    if (session->reason == REASON_NONE && now >= session->next_sample_ms)
        sample(session, now);
    if (session->reason == REASON_NONE && now >= session->next_second_ms) {
        session->next_second_ms = next_due(session->next_second_ms, SECOND_MS, now);
        each_second(session);
    }
}
