#include "profile/cpu_goal.h"

#include "profile/cpu_level.h"
#include "profile/ramp.h"
#include "words/clock.h"

enum {
    OF_WORKERS_ALONE = 1000, // thousandths of a percent
    LEFT_MAX_US = 100000, // as long as what is due and not had is made up for
};

static struct ramp ramp; // thousandths of a percent, of each worker or of the level

void cpu_goal_set(struct session* session, int64_t load, int64_t level, int64_t ramp_ms)
{
    session->load.cpu_level = level;
    session->load.cpu_level_state = LEVEL_BELOW;
    ramp = ramp_from(0, level != ABSENT ? level : load, ramp_ms);
}

// A load means all processes of ours: what the supervisor uses is not due of the workers any more.
// The first percent of a CPU they carry themselves, or a small load would be none of theirs. A
// level measures what all others use, and so the supervisor as well.
static void take_off_own_use(const struct session* session)
{
    static int64_t last_us, last_used_us, left_us;
    int64_t now_us = clock_us(CLOCK_MONOTONIC);
    int64_t used_us = clock_us(CLOCK_PROCESS_CPUTIME_ID);
    int64_t beyond = session->load.wanted_load * session->options->cpu_workers - OF_WORKERS_ALONE;
    bool counts = last_us != 0 && session->load.cpu_level == ABSENT && beyond > 0;
    int64_t most_us = counts ? (now_us - last_us) * beyond / FULL_LOAD : 0;
    int64_t off_us;

    left_us = counts ? earliest(left_us + used_us - last_used_us, LEFT_MAX_US) : 0;
    off_us = earliest(left_us, most_us);
    workers_take_off(off_us);
    left_us -= off_us;
    last_us = now_us;
    last_used_us = used_us;
}

void cpu_goal_advance(struct session* session)
{
    int64_t wanted = ramp_at(&ramp, turn_ms());

    if (session->load.cpu_level == ABSENT)
        cpu_level_command(session, wanted);
    else
        cpu_level_follow(session, wanted);
    take_off_own_use(session);
    cpu_level_look_for_shortage(session);
}

bool cpu_goal_is_settled(void) { return ramp_is_over(&ramp, turn_ms()); }

bool cpu_goal_has_arrived(const struct session* session)
{
    const struct load_state* load = &session->load;

    return cpu_goal_is_settled() && !workers_busy(WORKER_CPU)
        && (load->cpu_level == ABSENT || load->cpu_level_state == LEVEL_AT);
}

int64_t cpu_goal_wake_ms(const struct session* session)
{
    if (session->load.cpu_level != ABSENT)
        return cpu_level_wake_ms();
    return turn_ms() + (cpu_goal_is_settled() ? SECOND_MS : RAMP_TICK_MS);
}
