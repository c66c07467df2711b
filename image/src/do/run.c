#include "do/run.h"

#include "do/answer.h"
#include "do/turn.h"
#include "kernel/files.h"
#include "kernel/lines.h"
#include "observe/agents.h"
#include "profile/level.h"
#include "profile/memory_goal.h"
#include "profile/profile.h"
#include "steer/admission.h"
#include "steer/wakeups.h"
#include "tell/report.h"
#include "words/clock.h"
#include "words/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static struct session session;

// The counters as they were at the start, or when a killed worker was told last. Not those of the
// last sample: it may lie between the kill and the moment when the kernel has taken the process
// down.
static struct readings told;

static const struct options* options(void) { return session.options; }

// What the kernel means by refusing: it says ENOMEM for several different limits.
static const char* refusal_code(int error)
{
    struct rlimit limit;
    rlim_t share = (rlim_t)workers_largest_share() + (1 << 20);
    bool no_memory = error == ENOMEM;

    if (no_memory && getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < share)
        return "rlimit-as";
    if (no_memory && options()->kind == KIND_ANON && getrlimit(RLIMIT_DATA, &limit) == 0
        && limit.rlim_cur < share)
        return "rlimit-data";
    if (no_memory && file_number(AT_FDCWD, "/proc/sys/vm/overcommit_memory") == 2)
        return "overcommit";
    if (error == EAGAIN)
        return "rlimit-memlock";
    if (error == EFBIG)
        return "rlimit-fsize";
    if (error == ENOSPC || error == EDQUOT)
        return "no-space";
    return no_memory ? "no-memory" : "no-mapping";
}

static void tell_refusal(int error)
{
    char words[64];
    size_t length = text_append(words, sizeof(words), 0, "the kernel refused the memory: errno ");

    text_append_number(words, sizeof(words), length, (uint64_t)error);
    line_error(refusal_code(error), words);
}

static void check_workers(void)
{
    struct dead_worker dead;
    struct readings after;

    readings_forget(&after); // version 1 has no counter of group kills
    while (session.reason == REASON_NONE && workers_find_dead(&session.workers, &dead)) {
        readings_take(&session.cgroup, &after, CADENCE_EVENTS);
        line_begin("worker-killed");
        line_number("pid", dead.pid);
        line_number("signal", dead.signal);
        line_number("held_bytes", dead.held_bytes);
        line_number("oom_kill_before", told.oom_kill);
        line_number("oom_kill_after", after.oom_kill);
        line_number("oom_group_kill_before", told.oom_group_kill);
        line_number("oom_group_kill_after", after.oom_group_kill);
        line_end(PATIENT_MS);
        told = after;
        if (workers_lost_a_load(&session.workers, options()))
            session_finish(&session, REASON_WORKERS_KILLED);
        if (dead.kind == WORKER_MEMORY)
            memory_goal_keep(&session);
    }
    if (workers_error() != 0 && session.reason == REASON_NONE) {
        tell_refusal(workers_error());
        session_finish(&session, REASON_NO_MEMORY);
    }
}

// Where a file of page cache can be made: in the holder's own layer, since the target's root may
// be read-only. Returns a directory or -errno.
static int file_directory(void)
{
    int directory;

    if (options()->kind != KIND_FILE)
        return -1;
    if (session.holder_pid == ABSENT || agent_kind(session.holder_pid) != AGENT_HOLD)
        return -ENOENT; // never in another's: with process 1 that would be the target's own
    directory = openat(
        AT_FDCWD, proc_path(session.holder_pid, "root/tmp"), O_PATH | O_DIRECTORY | O_CLOEXEC);
    return directory < 0 ? -errno : directory;
}

static bool may_use_two_cpus(void)
{
    cpu_set_t set;
    int64_t millicores = session.readings.cpu_limit_millicores;

    return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) >= 2
        && (millicores == ABSENT || millicores >= 2000);
}

static bool refuse(const char* code, const char* text)
{
    line_error(code, text);
    session.reason = REASON_REFUSED;
    return false;
}

// From here on there is memory to give back. Returns false where the run must end at once.
static bool start_workers(void)
{
    struct worker_memory memory = { .two_threads = may_use_two_cpus(),
        .random = session.node_swap_bytes > 0,
        .directory = file_directory() };
    int error;

    if (options()->kind == KIND_FILE && memory.directory < 0)
        return refuse("no-holder", "--kind file needs the holder's /tmp");
    if (options()->level.base != LEVEL_NONE && !level_is_possible(&session, &options()->level))
        return refuse("no-limit", "the level is relative to a limit, and there is none");
    error = workers_start(&session.workers, options(), &memory);
    if (error == -EAGAIN)
        return refuse("pids-limit", "a limit on processes lets no workers start");
    if (error == -EMFILE || error == -ENFILE)
        return refuse("rlimit-nofile", "a limit on open files lets no workers start");
    if (error != 0) {
        line_error("no-memory", "no worker could be started");
        session.reason = REASON_NO_MEMORY;
        return false;
    }
    wakeups_add_workers(&session);
    return true;
}

// Waits with nothing of ours in memory, so that the record shows what the target is left with.
static void settle(void)
{
    int64_t until_ms = now_ms() + options()->settle_ms;

    session.load_reason = session.reason;
    if ((session.reason != REASON_DURATION && session.reason != REASON_STOPPED)
        || options()->settle_ms == 0)
        return;
    session.reason = REASON_NONE;
    report_phase(&session, PHASE_SETTLE, ABSENT);
    while (session.reason == REASON_NONE && now_ms() < until_ms) {
        turn(&session, until_ms);
        answer_commands(&session);
    }
    session_finish(&session, session.load_reason);
}

static void release(void)
{
    report_phase(&session, PHASE_RELEASE, ABSENT);
    workers_stop(&session.workers, &session.cgroup);
    clock_begin_turn(); // it takes its time as well
    session.load = (struct load_state) { .level_bytes = ABSENT, .cpu_level = ABSENT };
    report_sample(&session, 0);
}

// Tells how things stand before anything is allocated, until the client says `go`. Returns false
// where the run ends before that.
static bool wait_for_go(void)
{
    session.next_sample_ms = INT64_MAX; // many that only wait leave the node's CPU to the others
    report_phase(&session, PHASE_READY, ABSENT);
    report_sample(&session, PATIENT_MS);
    turn_report_processes(&session);
    while (session.reason == REASON_NONE && (session.go_ms == ABSENT || now_ms() < session.go_ms)) {
        turn(&session, session.go_ms == ABSENT ? INT64_MAX : session.go_ms);
        answer_commands(&session);
    }
    if (session.reason != REASON_NONE)
        return false;
    session.deadline_from_ms = clock_begin_turn();
    session.next_slow_ms = session.deadline_from_ms; // limits and all are read again
    session.next_sample_ms = session.deadline_from_ms;
    admission_look_at_membership(&session);
    return admission_check_load(&session);
}

static void load(void)
{
    clock_begin_turn(); // to start the workers takes its time
    profile_start(&session);
    turn_report_processes(&session); // while the workers fill: it takes its time
    while (session.reason == REASON_NONE) {
        turn(&session, profile_wake_ms(&session));
        check_workers();
        answer_commands(&session);
        if (session.reason == REASON_NONE)
            profile_advance(&session);
    }
    release();
    settle();
}

int run(struct options* run_options, int64_t start_ms)
{
    if (!turn_open(&session, run_options, start_ms)
        || (run_options->waits_for_go && !wait_for_go()))
        return report_bye(&session);
    report_phase(&session, PHASE_BASELINE, ABSENT);
    report_sample(&session, PATIENT_MS);
    told = session.readings;
    if (options()->detach)
        wakeups_leave_input(&session);
    if (start_workers()) {
        line_copy_to_stdout(false);
        load();
    }
    workers_stop(&session.workers, &session.cgroup);
    return report_bye(&session);
}

int probe(struct options* probe_options, int64_t start_ms)
{
    int64_t until_ms = start_ms + probe_options->duration_ms;

    if (turn_open(&session, probe_options, start_ms)) {
        report_sample(&session, PATIENT_MS);
        turn_report_processes(&session);
        while (session.reason == REASON_NONE && now_ms() < until_ms) {
            turn(&session, until_ms);
            answer_commands(&session);
        }
        session_finish(&session, REASON_DURATION);
    }
    return report_bye(&session);
}
