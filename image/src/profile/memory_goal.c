#include "profile/memory_goal.h"

#include "profile/level.h"
#include "profile/pace.h"
#include "profile/ramp.h"
#include "words/clock.h"

enum { FOREVER_MS = 1000 };

static struct ramp ramp; // bytes, of the size or of the level

static bool has_level(const struct session* session)
{
    return session->load.level.base != LEVEL_NONE;
}

void memory_goal_size(struct session* session, int64_t bytes, int64_t ramp_ms)
{
    session->load.level.base = LEVEL_NONE;
    session->load.level_bytes = ABSENT;
    ramp = ramp_from(session->load.wanted_bytes, bytes, ramp_ms);
}

// The level rises from what there is. Its goal follows the limit, and is reckoned at each turn.
void memory_goal_level(struct session* session, int64_t ramp_ms)
{
    session->load.level_state = LEVEL_BELOW;
    level_begin();
    level_read(session);
    ramp = ramp_from(level_measured(session), 0, ramp_ms);
}

static void advance_size(struct session* session)
{
    int64_t wanted = pages_up(ramp_at(&ramp, turn_ms()));
    int64_t growth = wanted - session->workers.commanded;

    session->load.wanted_bytes = ramp_at(&ramp, turn_ms());
    if (growth < 0)
        workers_command_total(&session->workers, wanted);
    else if (workers_busy(WORKER_MEMORY))
        pace_stop_what_came_near(session);
    else if (growth > 0)
        pace_grow(session, growth);
}

void memory_goal_advance(struct session* session)
{
    if (!has_level(session)) {
        advance_size(session);
        return;
    }
    ramp.goal = level_goal(session);
    if (ramp.goal != ABSENT)
        level_follow(session, ramp_at(&ramp, turn_ms()));
}

bool memory_goal_is_settled(const struct session* session)
{
    if (!ramp_is_over(&ramp, turn_ms()) || workers_busy(WORKER_MEMORY))
        return false;
    return has_level(session) ? level_is_settled(session)
                              : session->workers.commanded == pages_up(ramp.goal);
}

bool memory_goal_has_arrived(const struct session* session)
{
    return memory_goal_is_settled(session)
        && (!has_level(session) || session->load.level_state == LEVEL_AT);
}

void memory_goal_keep(struct session* session)
{
    int64_t commanded = session->workers.commanded;

    level_keep(commanded);
    if (has_level(session))
        return;
    session->load.wanted_bytes = commanded;
    ramp = ramp_from(commanded, commanded, 0);
}

int64_t memory_goal_wake_ms(const struct session* session)
{
    int64_t now = turn_ms();

    if (has_level(session))
        return level_wake_ms();
    if (!ramp_is_over(&ramp, now))
        return now + RAMP_TICK_MS;
    // What is not commanded yet follows when the workers have done what they were told, and wake
    // us.
    if (workers_busy(WORKER_MEMORY) || pace_is_near())
        return now + (pace_is_near() ? NEAR_TICK_MS : FOREVER_MS);
    return session->workers.commanded == pages_up(ramp.goal) ? INT64_MAX : now;
}
