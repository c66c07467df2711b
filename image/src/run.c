#include "run.h"

#include "clock.h"
#include "files.h"
#include "message.h"
#include "report.h"
#include "session.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    RAMP_TICK_MS = 20,
    NEAR_SHARE = 20, // the last 1/20 of the limit is near
    NEAR_STEP_SHARE = 200, // where a step is at most 1/200 of it
    PATIENT_MS = 250, // how long a sample before such a step waits for a slow reader
    FOREVER_MS = 1000,
};

// Where the load is to go. Everything is in bytes, or in thousandths of a percent for a CPU load.
struct course {
    int64_t goal;
    int64_t from; // where the ramp to the goal began, and when
    int64_t from_ms;
    int64_t ramp_ms;
    int64_t step; // index into the steps; steps_count is the size itself
    int64_t hold_until_ms;
};

static struct session session;
static struct course course;

// The counters as they were at the start, or when a killed worker was told last. Not those of the
// last sample: it may lie between the kill and the moment when the kernel has taken the process
// down.
static struct readings told;

static const struct options* options(void) { return session.options; }

// Steps that end with the size itself name it twice: it is held for the duration, not for a step.
static int64_t step_count(void)
{
    int64_t count = options()->steps_count;

    if (count > 0 && options()->steps_bytes[count - 1] == options()->size_bytes)
        count--;
    return count;
}

static int64_t final_goal(void)
{
    return session_is_cpu(&session) ? options()->load_thousandths : options()->size_bytes;
}

static bool has_steps(void) { return options()->steps_count > 0; }

static void start_ramp(int64_t goal, int64_t ramp_ms)
{
    course.from = session.wanted;
    course.from_ms = now_ms();
    course.ramp_ms = ramp_ms;
    course.goal = goal;
}

static void enter_ramp(void)
{
    bool last = course.step >= step_count();

    report_phase(&session, PHASE_RAMP, has_steps() ? course.step + 1 : ABSENT);
    start_ramp(last ? final_goal() : options()->steps_bytes[course.step],
        has_steps() && course.step > 0 ? 0 : options()->ramp_ms);
}

static void enter_hold(void)
{
    bool last = course.step >= step_count();

    report_phase(&session, PHASE_HOLD, has_steps() ? course.step + 1 : ABSENT);
    course.hold_until_ms = now_ms() + (last ? options()->duration_ms : options()->step_hold_ms);
}

static void end(enum ending ending)
{
    if (session.ending == ENDING_NONE)
        session.ending = ending;
}

static void follow_ramp(void)
{
    int64_t passed_ms = now_ms() - course.from_ms;

    if (course.ramp_ms == 0 || passed_ms >= course.ramp_ms)
        session.wanted = course.goal;
    else
        session.wanted = course.from
            + (int64_t)((__int128)(course.goal - course.from) * passed_ms / course.ramp_ms);
}

static int64_t page_rounded(int64_t bytes)
{
    int64_t page = sysconf(_SC_PAGESIZE);

    return (bytes + page - 1) / page * page;
}

// How far a growth may go now. Far from the limit: all the way, up to where near begins. Near it:
// a small step, after a sample that is the last evidence should the kernel kill us all as a group.
static int64_t next_size(int64_t growth)
{
    int64_t commanded = session.workers.commanded;
    int64_t limit = session.readings.limit_bytes;
    int64_t usage = cgroup_usage(&session.cgroup);
    int64_t near;
    int64_t step;

    if (limit == ABSENT || usage == ABSENT)
        return commanded + growth;
    near = limit - limit / NEAR_SHARE;
    step = limit / NEAR_STEP_SHARE / sysconf(_SC_PAGESIZE) * sysconf(_SC_PAGESIZE);
    if (step == 0)
        step = sysconf(_SC_PAGESIZE);
    if (usage + growth <= near)
        return commanded + growth;
    if (usage + step < near)
        return commanded + (near - usage) / sysconf(_SC_PAGESIZE) * sysconf(_SC_PAGESIZE);
    report_sample(&session, PATIENT_MS);
    return commanded + (growth < step ? growth : step);
}

// While workers fill far from the limit, the app may grow as well and bring it near.
static void stop_a_growth_that_came_near(void)
{
    int64_t limit = session.readings.limit_bytes;

    if (limit != ABSENT && session.readings.usage_bytes > limit - limit / NEAR_SHARE
        && session.workers.commanded - workers_held_bytes() > limit / NEAR_STEP_SHARE)
        workers_command_total(&session.workers, workers_held_bytes());
}

static void advance_memory(void)
{
    int64_t wanted = page_rounded(session.wanted);
    int64_t growth = wanted - session.workers.commanded;

    if (growth < 0)
        workers_command_total(&session.workers, wanted);
    else if (workers_busy())
        stop_a_growth_that_came_near();
    else if (growth > 0)
        workers_command_total(&session.workers, next_size(growth));
}

static bool has_arrived(void)
{
    if (session.wanted != course.goal)
        return false;
    return session_is_cpu(&session)
        || (!workers_busy() && session.workers.commanded == page_rounded(session.wanted));
}

static void advance(void)
{
    if (session.phase == PHASE_RAMP || session.phase == PHASE_HOLD) {
        follow_ramp();
        if (session_is_cpu(&session))
            workers_command_each(&session.workers, session.wanted);
        else
            advance_memory();
    }
    if (session.phase == PHASE_RAMP && has_arrived())
        enter_hold();
    if (session.phase != PHASE_HOLD || now_ms() < course.hold_until_ms)
        return;
    if (course.step >= step_count()) {
        end(ENDING_DURATION);
        return;
    }
    course.step++;
    enter_ramp();
}

static int64_t wake_ms(void)
{
    if (session.wanted != course.goal)
        return now_ms() + (course.ramp_ms == 0 ? 0 : RAMP_TICK_MS);
    if (session.phase == PHASE_HOLD)
        return course.hold_until_ms;
    // Arrived, or waiting for workers: they wake us.
    return now_ms() + (workers_busy() ? FOREVER_MS : 0);
}

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

// After a kill the other workers do not take over what was lost.
static void keep_shares(void)
{
    session.wanted = session.workers.commanded;
    start_ramp(session.wanted, 0);
}

static void check_workers(void)
{
    struct dead_worker dead;
    struct readings after;

    cgroup_forget(&after); // version 1 has no counter of group kills
    while (session.ending == ENDING_NONE && workers_reap(&session.workers, &dead)) {
        cgroup_read_events(&session.cgroup, &after);
        message_begin("worker-killed");
        message_number("pid", dead.pid);
        message_number("signal", dead.signal);
        message_number("held_bytes", dead.held_bytes);
        message_number("oom_kill_before", told.oom_kill);
        message_number("oom_kill_after", after.oom_kill);
        message_number("oom_group_kill_before", told.oom_group_kill);
        message_number("oom_group_kill_after", after.oom_group_kill);
        message_end(PATIENT_MS);
        told = after;
        if (session.workers.alive == 0)
            end(ENDING_WORKERS_KILLED);
        if (!session_is_cpu(&session))
            keep_shares();
    }
    if (workers_error() != 0 && session.ending == ENDING_NONE) {
        message_error(refusal_code(workers_error()), "the kernel refused the memory");
        end(ENDING_NO_MEMORY);
    }
}

static void take_command(enum input_event event)
{
    bool fits = event == (session_is_cpu(&session) ? INPUT_LOAD : INPUT_SIZE);

    if (event == INPUT_NOTHING)
        return;
    if (!fits || (session.phase != PHASE_RAMP && session.phase != PHASE_HOLD)) {
        message_error("bad-command", "this command does not fit the load or its phase");
        return;
    }
    if (course.step < step_count()) {
        course.step = step_count();
        if (session.phase == PHASE_HOLD) // of a step that is over by this: the last hold follows
            report_phase(&session, PHASE_RAMP, course.step + 1);
    }
    start_ramp(session.input.value, 0);
}

// Where a file of page cache can be made: in the holder's own layer, since the target's root may
// be read-only. Returns a directory or -errno.
static int file_directory(void)
{
    int directory;

    if (options()->kind != KIND_FILE)
        return -1;
    if (session.holder_pid == ABSENT)
        return -ENOENT;
    directory = open(proc_path(session.holder_pid, "root/tmp"), O_PATH | O_DIRECTORY | O_CLOEXEC);
    return directory < 0 ? -errno : directory;
}

static bool may_use_two_cpus(void)
{
    cpu_set_t set;
    int64_t millicores = session.readings.cpu_limit_millicores;

    return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) >= 2
        && (millicores == ABSENT || millicores >= 2000);
}

// From here on there is memory to give back. Returns false where the run must end at once.
static bool start_workers(void)
{
    int directory = file_directory();
    bool random = session.node_swap_bytes > 0;
    int error;

    if (options()->kind == KIND_FILE && directory < 0) {
        message_error("no-holder", "--kind file needs the holder's /tmp to write in");
        session.ending = ENDING_INTERNAL;
        return false;
    }
    error = workers_start(&session.workers, options(), may_use_two_cpus(), random, directory);
    if (error != 0) {
        message_error(
            error == -EAGAIN ? "pids-limit" : "no-memory", "the workers could not be started");
        session.ending = ENDING_NO_MEMORY;
        return false;
    }
    return true;
}

// Waits with nothing of ours in memory, so that the record shows what the target is left with.
static void settle(void)
{
    enum ending ending = session.ending;
    int64_t until_ms = now_ms() + options()->settle_ms;

    if ((ending != ENDING_DURATION && ending != ENDING_STOPPED) || options()->settle_ms == 0)
        return;
    session.ending = ENDING_NONE;
    report_phase(&session, PHASE_SETTLE, ABSENT);
    while (session.ending == ENDING_NONE && now_ms() < until_ms)
        take_command(session_wait(&session, until_ms));
    session.ending = ending;
}

static void release(void)
{
    if (session.phase == PHASE_BASELINE)
        return;
    report_phase(&session, PHASE_RELEASE, ABSENT);
    workers_stop(&session.workers);
    session.wanted = 0;
    report_sample(&session, 0);
}

int run(const struct options* run_options, int64_t start_ms)
{
    if (!session_open(&session, run_options, start_ms))
        return report_bye(&session);
    report_phase(&session, PHASE_BASELINE, ABSENT);
    report_sample(&session, PATIENT_MS);
    told = session.readings;
    if (start_workers()) {
        enter_ramp();
        advance();
        session_report_processes(&session); // while the workers fill: it takes its time
        while (session.ending == ENDING_NONE) {
            enum input_event event = session_wait(&session, wake_ms());

            check_workers();
            take_command(event);
            if (session.ending == ENDING_NONE)
                advance();
        }
        release();
        settle();
    }
    workers_stop(&session.workers);
    return report_bye(&session);
}

int probe(const struct options* probe_options, int64_t start_ms)
{
    int64_t until_ms = start_ms + probe_options->duration_ms;

    if (session_open(&session, probe_options, start_ms)) {
        report_sample(&session, PATIENT_MS);
        session_report_processes(&session);
        while (session.ending == ENDING_NONE && now_ms() < until_ms)
            session_wait(&session, until_ms);
        end(ENDING_DURATION);
    }
    return report_bye(&session);
}
