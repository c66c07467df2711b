#include "profile/profile.h"

#include "profile/cpu_level.h"
#include "profile/level.h"
#include "profile/pace.h"
#include "profile/ramp.h"
#include "tell/report.h"
#include "words/clock.h"

enum {
    RAMP_TICK_MS = 20,
    FOREVER_MS = 1000,
};

// What was asked for last, until it is told to have arrived.
struct arrival {
    bool is_due;
    int64_t id;
};

static struct {
    struct ramp memory; // bytes, of the size or of the level
    struct ramp cpu; // thousandths of a percent, of each worker or of the level
    struct arrival memory_arrival;
    struct arrival cpu_arrival;
    int64_t step; // index into the steps; the last one is the size itself
    int64_t last_hold_ms; // ABSENT: until told
    int64_t hold_until_ms;
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

static bool has_level(const struct session* session)
{
    return session->load.level.base != LEVEL_NONE;
}

static struct ramp ramp_from(int64_t from, int64_t goal, int64_t length_ms)
{
    return (
        struct ramp) { .from = from, .goal = goal, .from_ms = turn_ms(), .length_ms = length_ms };
}

static void say_phase(struct session* session, enum phase phase)
{
    report_phase(session, phase, session->options->steps.count > 0 ? profile.step + 1 : ABSENT);
}

// The level rises from what there is. Its goal follows the limit, and is reckoned at each turn.
static void begin_level(struct session* session, int64_t ramp_ms)
{
    level_begin();
    level_read(session);
    profile.memory = ramp_from(level_measured(session), 0, ramp_ms);
}

static void begin_memory(struct session* session)
{
    const struct options* options = session->options;
    int64_t ramp_ms = profile.step > 0 ? 0 : options->ramp_ms;

    if (has_level(session))
        begin_level(session, ramp_ms);
    else
        profile.memory = ramp_from(session->load.wanted_bytes,
            is_last_step(session) ? options->size_bytes : options->steps.bytes[profile.step],
            ramp_ms);
}

static void enter_ramp(struct session* session)
{
    say_phase(session, PHASE_RAMP);
    if (session->options->has_memory)
        begin_memory(session);
}

static void begin_cpu(struct session* session)
{
    const struct options* options = session->options;

    profile.cpu = ramp_from(0,
        session->load.cpu_level != ABSENT ? session->load.cpu_level : options->load_thousandths,
        options->ramp_ms);
}

void profile_start(struct session* session)
{
    const struct options* options = session->options;

    profile.last_hold_ms = options->holds_until_told ? ABSENT : options->duration_ms;
    profile.memory_arrival = (struct arrival) { options->has_memory, ABSENT };
    profile.cpu_arrival = (struct arrival) { options->has_cpu, ABSENT };
    session->load.level = options->level;
    session->load.cpu_level = options->cpu_level_thousandths;
    if (options->has_cpu)
        begin_cpu(session);
    enter_ramp(session);
    profile_advance(session);
}

static void enter_hold(struct session* session)
{
    int64_t hold_ms = is_last_step(session) ? profile.last_hold_ms : session->options->step_hold_ms;

    say_phase(session, PHASE_HOLD);
    profile.hold_until_ms = hold_ms == ABSENT ? INT64_MAX : turn_ms() + hold_ms;
}

static void advance_size(struct session* session)
{
    int64_t wanted = pages_up(ramp_at(&profile.memory, turn_ms()));
    int64_t growth = wanted - session->workers.commanded;

    session->load.wanted_bytes = ramp_at(&profile.memory, turn_ms());
    if (growth < 0)
        workers_command_total(&session->workers, wanted);
    else if (workers_busy(WORKER_MEMORY))
        pace_stop_what_came_near(session);
    else if (growth > 0)
        pace_grow(session, growth);
}

static void advance_memory(struct session* session)
{
    if (!has_level(session)) {
        advance_size(session);
        return;
    }
    profile.memory.goal = level_goal(session);
    if (profile.memory.goal != ABSENT)
        level_follow(session, ramp_at(&profile.memory, turn_ms()));
}

static void advance_cpu(struct session* session)
{
    int64_t wanted = ramp_at(&profile.cpu, turn_ms());

    if (session->load.cpu_level == ABSENT)
        cpu_level_command(session, wanted);
    else
        cpu_level_follow(session, wanted);
    cpu_level_look_for_shortage(session);
}

static bool memory_has_arrived(const struct session* session)
{
    if (!ramp_is_over(&profile.memory, turn_ms()) || workers_busy(WORKER_MEMORY))
        return false;
    return has_level(session) ? level_is_settled(session)
                              : session->workers.commanded == pages_up(profile.memory.goal);
}

// A level of the CPU is held for as long as was asked, be it reached or not: the app may be above.
static bool has_arrived(const struct session* session)
{
    return session->options->has_memory ? memory_has_arrived(session)
                                        : ramp_is_over(&profile.cpu, turn_ms());
}

static void tell_arrivals(struct session* session)
{
    const struct load_state* load = &session->load;

    if (profile.memory_arrival.is_due && is_last_step(session) && memory_has_arrived(session)
        && (!has_level(session) || load->level_state == LEVEL_AT)) {
        profile.memory_arrival.is_due = false;
        report_arrived_memory(session, profile.memory_arrival.id);
    }
    if (profile.cpu_arrival.is_due && ramp_is_over(&profile.cpu, turn_ms())
        && !workers_busy(WORKER_CPU)
        && (load->cpu_level == ABSENT || load->cpu_level_state == LEVEL_AT)) {
        profile.cpu_arrival.is_due = false;
        report_arrived_cpu(session, profile.cpu_arrival.id);
    }
}

void profile_advance(struct session* session)
{
    if (session->phase == PHASE_RAMP || session->phase == PHASE_HOLD) {
        if (session->options->has_memory)
            advance_memory(session);
        if (session->options->has_cpu)
            advance_cpu(session);
        tell_arrivals(session);
    }
    if (session->phase == PHASE_RAMP && has_arrived(session))
        enter_hold(session);
    if (session->phase != PHASE_HOLD || turn_ms() < profile.hold_until_ms)
        return;
    if (is_last_step(session)) {
        session_finish(session, REASON_DURATION);
        return;
    }
    profile.step++;
    enter_ramp(session);
}

static void leave_steps(struct session* session)
{
    if (is_last_step(session))
        return;
    profile.step = last_step(session->options);
    if (session->phase == PHASE_HOLD) // of a step that is over by this: the last hold follows
        say_phase(session, PHASE_RAMP);
}

static void turn_to_size(struct session* session, int64_t bytes)
{
    leave_steps(session);
    session->load.level.base = LEVEL_NONE;
    session->load.level_bytes = ABSENT;
    profile.memory = ramp_from(session->load.wanted_bytes, bytes, 0);
}

static void turn_to_level(struct session* session, const struct level* level)
{
    leave_steps(session);
    session->load.level = *level;
    session->load.level_state = LEVEL_BELOW;
    begin_level(session, 0);
}

static void turn_to_cpu(struct session* session, int64_t load, int64_t level)
{
    session->load.cpu_level = level;
    session->load.cpu_level_state = LEVEL_BELOW;
    profile.cpu = ramp_from(0, level != ABSENT ? level : load, 0);
}

static void turn_hold(const struct session* session, int64_t milliseconds)
{
    profile.last_hold_ms = milliseconds;
    if (session->phase == PHASE_HOLD && is_last_step(session))
        profile.hold_until_ms = milliseconds == ABSENT ? INT64_MAX : turn_ms() + milliseconds;
}

static bool take_memory(struct session* session, enum request request)
{
    const struct commands* commands = &session->commands;

    if (request == REQUEST_LEVEL && !level_is_possible(session, &commands->level))
        return false;
    if (request == REQUEST_SIZE)
        turn_to_size(session, commands->value);
    else
        turn_to_level(session, &commands->level);
    profile.memory_arrival = (struct arrival) { true, commands->id };
    return true;
}

bool profile_take(struct session* session, enum request request)
{
    const struct commands* commands = &session->commands;

    switch (request) {
    case REQUEST_SIZE:
    case REQUEST_LEVEL:
        return session->options->has_memory && take_memory(session, request);
    case REQUEST_LOAD:
    case REQUEST_CPU_LEVEL:
        if (!session->options->has_cpu)
            return false;
        turn_to_cpu(
            session, commands->value, request == REQUEST_CPU_LEVEL ? commands->value : ABSENT);
        profile.cpu_arrival = (struct arrival) { true, commands->id };
        return true;
    case REQUEST_HOLD:
        turn_hold(session, commands->value);
        return true;
    default:
        return false;
    }
}

void profile_keep(struct session* session)
{
    int64_t commanded = session->workers.commanded;

    level_keep(commanded);
    if (has_level(session) || !session->options->has_memory)
        return;
    session->load.wanted_bytes = commanded;
    profile.memory = ramp_from(commanded, commanded, 0);
}

static int64_t memory_wake_ms(const struct session* session, int64_t now)
{
    if (has_level(session))
        return level_wake_ms();
    if (!ramp_is_over(&profile.memory, now))
        return now + RAMP_TICK_MS;
    // What is not commanded yet follows when the workers have done what they were told: they wake
    // us.
    if (workers_busy(WORKER_MEMORY) || pace_is_near())
        return now + (pace_is_near() ? NEAR_TICK_MS : FOREVER_MS);
    return session->workers.commanded == pages_up(profile.memory.goal) ? INT64_MAX : now;
}

static int64_t cpu_wake_ms(const struct session* session, int64_t now)
{
    if (session->load.cpu_level != ABSENT)
        return cpu_level_wake_ms();
    return ramp_is_over(&profile.cpu, now) ? now + FOREVER_MS : now + RAMP_TICK_MS;
}

int64_t profile_wake_ms(const struct session* session)
{
    int64_t now = turn_ms();
    int64_t wake_ms = session->phase == PHASE_HOLD ? profile.hold_until_ms : INT64_MAX;

    if (session->options->has_memory)
        wake_ms = earliest(wake_ms, memory_wake_ms(session, now));
    if (session->options->has_cpu)
        wake_ms = earliest(wake_ms, cpu_wake_ms(session, now));
    return wake_ms;
}
