#include "profile/cpu_goal.h"

#include "profile/cpu_level.h"
#include "profile/ramp.h"
#include "words/clock.h"

static struct ramp ramp; // thousandths of a percent, of each worker or of the level

void cpu_goal_set(struct session* session, int64_t load, int64_t level, int64_t ramp_ms)
{
    session->load.cpu_level = level;
    session->load.cpu_level_state = LEVEL_BELOW;
    ramp = ramp_from(0, level != ABSENT ? level : load, ramp_ms);
}

void cpu_goal_advance(struct session* session)
{
    int64_t wanted = ramp_at(&ramp, turn_ms());

    if (session->load.cpu_level == ABSENT)
        cpu_level_command(session, wanted);
    else
        cpu_level_follow(session, wanted);
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
