#include "load/profile.h"

#include "tell/report.h"
#include "words/clock.h"
#include "words/text.h"

#include <unistd.h>

enum {
    RAMP_TICK_MS = 20,
    NEAR_SHARE = 20, // the last 1/20 of the limit is near
    NEAR_STEP_SHARE = 200, // where a step is at most 1/200 of it
    NEAR_TICK_MS = 25, // how soon the end of a worker is looked for there
    PATIENT_MS = 250, // how long a sample before such a step waits for a slow reader
    FOREVER_MS = 1000,
};

// Everything is in bytes, or in thousandths of a percent for a CPU load.
static struct {
    int64_t goal;
    int64_t from; // where the ramp to the goal began, and when
    int64_t from_ms;
    int64_t ramp_ms;
    int64_t step; // index into the steps; the last one is the size itself
    int64_t hold_until_ms;
    bool is_near; // the last growth was a small step near the limit
} profile;

// Steps that end with the size itself name it twice: it is held for the duration, not for a step.
static int64_t last_step(const struct options* options)
{
    int64_t count = options->steps.count;

    if (count > 0 && options->steps.bytes[count - 1] == options->size_bytes)
        count--;
    return count;
}

static bool is_last_step(const struct session* session)
{
    return profile.step >= last_step(session->options);
}

static int64_t final_goal(const struct session* session)
{
    return session_is_cpu(session) ? session->options->load_thousandths
                                   : session->options->size_bytes;
}

static void start_ramp(const struct session* session, int64_t goal, int64_t ramp_ms)
{
    profile.from = session->wanted;
    profile.from_ms = now_ms();
    profile.ramp_ms = ramp_ms;
    profile.goal = goal;
}

static void say_phase(struct session* session, enum phase phase)
{
    report_phase(session, phase, session->options->steps.count > 0 ? profile.step + 1 : ABSENT);
}

static void enter_ramp(struct session* session)
{
    const struct options* options = session->options;

    say_phase(session, PHASE_RAMP);
    start_ramp(session,
        is_last_step(session) ? final_goal(session) : options->steps.bytes[profile.step],
        profile.step > 0 ? 0 : options->ramp_ms);
}

static void enter_hold(struct session* session)
{
    const struct options* options = session->options;

    say_phase(session, PHASE_HOLD);
    profile.hold_until_ms
        = now_ms() + (is_last_step(session) ? options->duration_ms : options->step_hold_ms);
}

static void follow_ramp(struct session* session, int64_t now)
{
    int64_t passed_ms = now - profile.from_ms;

    if (profile.ramp_ms == 0 || passed_ms >= profile.ramp_ms)
        session->wanted = profile.goal;
    else
        session->wanted = profile.from
            + (int64_t)((__int128)(profile.goal - profile.from) * passed_ms / profile.ramp_ms);
}

static int64_t pages_down(int64_t bytes)
{
    int64_t page = sysconf(_SC_PAGESIZE);

    return bytes / page * page;
}

static int64_t pages_up(int64_t bytes) { return pages_down(bytes + sysconf(_SC_PAGESIZE) - 1); }

// How far a growth may go now. Far from the limit: all the way, up to where near begins. Near it:
// a small step, after a sample that is the last evidence should the kernel kill us all as a group.
static int64_t next_size(struct session* session, int64_t growth)
{
    int64_t commanded = session->workers.commanded;
    struct readings* readings = &session->readings;

    readings_take(&session->cgroup, readings, CADENCE_USAGE | CADENCE_LIMITS);

    int64_t limit = readings_ceiling(readings);
    int64_t usage = readings->usage_bytes;
    int64_t near = limit - limit / NEAR_SHARE;
    int64_t step = pages_down(limit / NEAR_STEP_SHARE);

    if (limit == ABSENT || usage == ABSENT || usage + growth <= near) {
        profile.is_near = false;
        return commanded + growth;
    }
    if (step == 0)
        step = sysconf(_SC_PAGESIZE);
    if (usage + step < near)
        return commanded + pages_down(near - usage);
    if (!profile.is_near)
        session_report_processes(session); // who is killed is decided among these
    profile.is_near = true;
    report_sample(session, PATIENT_MS);
    return commanded + (growth < step ? growth : step);
}

// While workers fill far from the limit, the app may grow as well and bring it near.
static void stop_a_growth_that_came_near(struct session* session)
{
    struct readings* readings = &session->readings;

    readings_take(&session->cgroup, readings, CADENCE_USAGE | CADENCE_LIMITS);

    int64_t limit = readings_ceiling(readings);

    if (limit != ABSENT && readings->usage_bytes > limit - limit / NEAR_SHARE
        && session->workers.commanded - workers_held_bytes() > limit / NEAR_STEP_SHARE)
        workers_command_total(&session->workers, workers_held_bytes());
}

static void advance_memory(struct session* session)
{
    int64_t wanted = pages_up(session->wanted);
    int64_t growth = wanted - session->workers.commanded;

    if (growth < 0)
        workers_command_total(&session->workers, wanted);
    else if (workers_busy())
        stop_a_growth_that_came_near(session);
    else if (growth > 0)
        workers_command_total(&session->workers, next_size(session, growth));
}

static bool has_arrived(const struct session* session)
{
    if (session->wanted != profile.goal)
        return false;
    return session_is_cpu(session)
        || (!workers_busy() && session->workers.commanded == pages_up(session->wanted));
}

// Sets out for the first step, or for the size itself.
void profile_start(struct session* session)
{
    enter_ramp(session);
    profile_advance(session);
}

// Tells the workers what is due by now, and enters the next phase when this one is over. The end of
// the last hold is that of the session.
void profile_advance(struct session* session)
{
    int64_t now = now_ms();

    if (session->phase == PHASE_RAMP || session->phase == PHASE_HOLD) {
        follow_ramp(session, now);
        if (session_is_cpu(session))
            workers_command_load(session->wanted * session->options->cpu_workers);
        else
            advance_memory(session);
    }
    if (session->phase == PHASE_RAMP && has_arrived(session))
        enter_hold(session);
    if (session->phase != PHASE_HOLD || now < profile.hold_until_ms)
        return;
    if (is_last_step(session)) {
        session_finish(session, REASON_DURATION);
        return;
    }
    profile.step++;
    enter_ramp(session);
}

// Goes to another goal at once. It ends a ramp and the steps that are left.
void profile_turn_to(struct session* session, int64_t goal)
{
    if (!is_last_step(session)) {
        profile.step = last_step(session->options);
        if (session->phase == PHASE_HOLD) // of a step that is over by this: the last hold follows
            say_phase(session, PHASE_RAMP);
    }
    start_ramp(session, goal, 0);
}

// Stays with what the living workers have been told: they do not take over what was lost.
void profile_keep(struct session* session)
{
    if (session_is_cpu(session)) // where each has its own share
        return;
    session->wanted = session->workers.commanded;
    start_ramp(session, session->wanted, 0);
}

// When to come back, unless something happens before.
int64_t profile_wake_ms(const struct session* session)
{
    int64_t patience_ms = profile.is_near ? NEAR_TICK_MS : FOREVER_MS;

    if (session->wanted != profile.goal)
        return now_ms() + (profile.ramp_ms == 0 ? 0 : RAMP_TICK_MS);
    if (session->phase == PHASE_HOLD && !profile.is_near)
        return profile.hold_until_ms;
    if (session->phase == PHASE_HOLD)
        return earliest(profile.hold_until_ms, now_ms() + patience_ms);
    // Arrived, or waiting for workers: they wake us.
    return now_ms() + (workers_busy() ? patience_ms : 0);
}
