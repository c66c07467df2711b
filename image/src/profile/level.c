#include "profile/level.h"

#include "profile/pace.h"
#include "words/clock.h"

#include <sched.h>

enum {
    STILL_TICK_MS = 100,
    MOVING_TICK_MS = 50,
    MOVING_MS = 500, // after the last move; in this time the level is met closer than later
    STOCK_BYTES = 256 * 1024, // what the kernel charges in advance, for each CPU
    BIG_BYTES = 8 * 1024 * 1024,
    BIG_SHARE = 64, // of a big growth is left to the next turn: see first_part()
};

static int64_t next_ms;
static int64_t moved_ms; // when a turn had something to do last
static bool has_moved; // in the last turn
static int64_t most_bytes; // the load may not grow beyond

void level_begin(void)
{
    next_ms = 0;
    most_bytes = INT64_MAX;
}

void level_keep(int64_t bytes) { most_bytes = bytes; }

int64_t level_wake_ms(void) { return next_ms; }

bool level_is_possible(const struct session* session, const struct level* level)
{
    return !session->options->huge_pages && session->options->kind != KIND_FILE
        && level_bytes(level, session->readings.effective_limit_bytes) != ABSENT;
}

int64_t level_goal(const struct session* session)
{
    return level_bytes(&session->load.level, session->readings.effective_limit_bytes);
}

int64_t level_measured(const struct session* session)
{
    const struct readings* readings = &session->readings;

    if (session->load.level.metric == METRIC_USAGE)
        return readings->usage_bytes;
    if (readings->usage_bytes == ABSENT || readings->inactive_file_bytes == ABSENT)
        return ABSENT;
    return readings->usage_bytes > readings->inactive_file_bytes
        ? readings->usage_bytes - readings->inactive_file_bytes
        : 0;
}

void level_read(struct session* session)
{
    bool needs_stat = session->load.level.metric == METRIC_WORKING_SET;

    readings_take(&session->cgroup, &session->readings,
        CADENCE_USAGE | CADENCE_LIMITS | (needs_stat ? CADENCE_STAT : 0));
}

// Usage moves by the kernel's stock without anything having happened. Near the limit less than that
// counts.
static int64_t slack_bytes(int64_t level, int64_t limit)
{
    cpu_set_t set;
    int64_t cpus = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    int64_t quarter = limit == ABSENT ? INT64_MAX : (limit - level) / 4;

    if (quarter < 0)
        quarter = 0;
    return quarter < cpus * STOCK_BYTES ? quarter : cpus * STOCK_BYTES;
}

// The page tables of a big growth come on top, a five hundredth of it, and the app may grow while
// it is filled.
static int64_t first_part(int64_t growth)
{
    return pages_down(growth > BIG_BYTES ? growth - growth / BIG_SHARE : growth);
}

// Counts from what is held, never from what was commanded: a fill may have been stopped on its way,
// and to count what was never touched would overshoot. While a fill runs it can only be cut short.
// Returns whether there was something to do.
static bool move_by(struct session* session, int64_t off, int64_t slack)
{
    struct workers* workers = &session->workers;
    int64_t wanted = workers_held_bytes() + off;
    bool is_filling = workers_busy(WORKER_MEMORY);
    int64_t growth;

    if (wanted < 0)
        wanted = 0;
    if (wanted > most_bytes)
        wanted = most_bytes;
    growth = first_part(wanted - workers->commanded);
    if (off < -slack || (is_filling && growth < -slack)) {
        if (growth < 0)
            workers_command_total(workers, pages_down(wanted));
        return growth < 0;
    }
    if (is_filling)
        pace_stop_what_came_near(session);
    else if (off > slack && growth > 0)
        pace_grow(session, growth);
    return is_filling || (off > slack && growth > 0);
}

// Twice as often where less is left above the level than the app may take in a few turns.
static int64_t tick_ms(int64_t now, int64_t level, int64_t limit)
{
    int64_t tick = now - moved_ms < MOVING_MS ? MOVING_TICK_MS : STILL_TICK_MS;

    return limit != ABSENT && level > limit - limit / NEAR_SHARE ? tick / 2 : tick;
}

void level_follow(struct session* session, int64_t level)
{
    int64_t now = turn_ms();
    int64_t slack;
    int64_t off;

    if (now < next_ms && (!has_moved || workers_busy(WORKER_MEMORY)))
        return;
    level_read(session);
    if (level == ABSENT || level_measured(session) == ABSENT)
        return;
    slack = slack_bytes(level, session->readings.effective_limit_bytes);
    off = level - level_measured(session);
    session->load.level_bytes = level;
    session->load.level_state = off > slack ? LEVEL_BELOW : off < -slack ? LEVEL_ABOVE : LEVEL_AT;
    has_moved = move_by(session, off, now - moved_ms < MOVING_MS ? slack / 2 : slack);
    if (has_moved && (off > slack || off < -slack))
        moved_ms = now;
    session->load.wanted_bytes = session->workers.commanded;
    next_ms = now + tick_ms(now, level, session->readings.effective_limit_bytes);
}

bool level_is_settled(const struct session* session)
{
    int64_t commanded = session->workers.commanded;

    if (workers_busy(WORKER_MEMORY))
        return false;
    return session->load.level_state == LEVEL_AT
        || (session->load.level_state == LEVEL_ABOVE && commanded == 0) || commanded == most_bytes;
}
