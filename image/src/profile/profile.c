#include "profile/profile.h"

#include "profile/cpu_goal.h"
#include "profile/level.h"
#include "profile/memory_goal.h"
#include "tell/report.h"
#include "words/clock.h"

// What was asked for last, until it is told to have arrived.
struct arrival {
    bool is_due;
    int64_t id;
};

static struct {
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

static void say_phase(struct session* session, enum phase phase)
{
    report_phase(session, phase, session->options->steps.count > 0 ? profile.step + 1 : ABSENT);
}

static void begin_memory(struct session* session)
{
    const struct options* options = session->options;
    int64_t ramp_ms = profile.step > 0 ? 0 : options->ramp_ms;

    if (session->load.level.base != LEVEL_NONE)
        memory_goal_level(session, ramp_ms);
    else
        memory_goal_size(session,
            is_last_step(session) ? options->size_bytes : options->steps.bytes[profile.step],
            ramp_ms);
}

static void enter_ramp(struct session* session)
{
    say_phase(session, PHASE_RAMP);
    if (session->options->has_memory)
        begin_memory(session);
}

void profile_start(struct session* session)
{
    const struct options* options = session->options;

    profile.last_hold_ms = options->holds_until_told ? ABSENT : options->duration_ms;
    profile.memory_arrival = (struct arrival) { options->has_memory, ABSENT };
    profile.cpu_arrival = (struct arrival) { options->has_cpu, ABSENT };
    session->load.level = options->level;
    if (options->has_cpu)
        cpu_goal_set(
            session, options->load_thousandths, options->cpu_level_thousandths, options->ramp_ms);
    enter_ramp(session);
    profile_advance(session);
}

static void enter_hold(struct session* session)
{
    int64_t hold_ms = is_last_step(session) ? profile.last_hold_ms : session->options->step_hold_ms;

    say_phase(session, PHASE_HOLD);
    profile.hold_until_ms = hold_ms == ABSENT ? INT64_MAX : turn_ms() + hold_ms;
}

static bool is_settled(const struct session* session)
{
    return session->options->has_memory ? memory_goal_is_settled(session) : cpu_goal_is_settled();
}

static void tell_arrivals(struct session* session)
{
    if (profile.memory_arrival.is_due && is_last_step(session)
        && memory_goal_has_arrived(session)) {
        profile.memory_arrival.is_due = false;
        report_arrived_memory(session, profile.memory_arrival.id);
    }
    if (profile.cpu_arrival.is_due && cpu_goal_has_arrived(session)) {
        profile.cpu_arrival.is_due = false;
        report_arrived_cpu(session, profile.cpu_arrival.id);
    }
}

void profile_advance(struct session* session)
{
    if (session->phase == PHASE_RAMP || session->phase == PHASE_HOLD) {
        if (session->options->has_memory)
            memory_goal_advance(session);
        if (session->options->has_cpu)
            cpu_goal_advance(session);
        tell_arrivals(session);
    }
    if (session->phase == PHASE_RAMP && is_settled(session))
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
    leave_steps(session);
    if (request == REQUEST_SIZE) {
        memory_goal_size(session, commands->value, 0);
    } else {
        session->load.level = commands->level;
        memory_goal_level(session, 0);
    }
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
        cpu_goal_set(
            session, commands->value, request == REQUEST_CPU_LEVEL ? commands->value : ABSENT, 0);
        profile.cpu_arrival = (struct arrival) { true, commands->id };
        return true;
    case REQUEST_HOLD:
        turn_hold(session, commands->value);
        return true;
    default:
        return false;
    }
}

int64_t profile_wake_ms(const struct session* session)
{
    int64_t wake_ms = session->phase == PHASE_HOLD ? profile.hold_until_ms : INT64_MAX;

    if (session->options->has_memory)
        wake_ms = earliest(wake_ms, memory_goal_wake_ms(session));
    if (session->options->has_cpu)
        wake_ms = earliest(wake_ms, cpu_goal_wake_ms(session));
    return wake_ms;
}
