#include "profile/cpu_level.h"

#include "words/buffers.h"
#include "words/clock.h"

#include <sched.h>

enum {
    TICK_MS = 100,
    WINDOW = 6, // readings: what the CPU was used for is measured over half a second
    CLOSE_SHARE = 50, // a fiftieth off the level is at it
    CLOSE_LEAST = 1000,
    NOT_SHORT = 500, // half a percent: a worker that is just at work is behind by less
};

BUFFER static struct {
    int64_t at_us;
    int64_t all_us; // CPU time of the whole container
    int64_t workers_us;
} window[WINDOW];
static int64_t taken; // readings so far; the last ones are in the window
static int64_t next_ms;

int64_t cpu_level_wake_ms(void) { return next_ms; }

void cpu_level_command(struct session* session, int64_t load_thousandths)
{
    session->load.wanted_load = load_thousandths;
    workers_command_load(load_thousandths * session->options->cpu_workers);
}

static int64_t share(int64_t used_us, int64_t passed_us)
{
    return (int64_t)((__int128)used_us * FULL_LOAD / passed_us);
}

static enum level_state state_of(int64_t measured, int64_t level)
{
    int64_t close = level / CLOSE_SHARE > CLOSE_LEAST ? level / CLOSE_SHARE : CLOSE_LEAST;

    return measured < level - close ? LEVEL_BELOW
        : measured > level + close  ? LEVEL_ABOVE
                                    : LEVEL_AT;
}

// The load is what the others leave: they are measured, while what the workers use is known.
void cpu_level_follow(struct session* session, int64_t level_thousandths)
{
    int64_t now_us = clock_us(CLOCK_MONOTONIC);
    int64_t most = session->options->cpu_workers * FULL_LOAD;
    int64_t at = taken % WINDOW;
    int64_t passed_us, all_us, wanted;

    if (now_us / 1000 < next_ms)
        return;
    next_ms = now_us / 1000 + TICK_MS;
    readings_take(&session->cgroup, &session->readings, CADENCE_CPU);
    if (session->readings.cpu_usage_us == ABSENT)
        return;
    window[at].at_us = now_us;
    window[at].all_us = session->readings.cpu_usage_us;
    window[at].workers_us = workers_used_us();
    taken++;
    if (taken < 2)
        return;

    int64_t first = taken < WINDOW ? 0 : taken % WINDOW;

    passed_us = now_us - window[first].at_us;
    all_us = window[at].all_us - window[first].all_us;
    wanted = level_thousandths
        - share(all_us - (window[at].workers_us - window[first].workers_us), passed_us);
    wanted = wanted < 0 ? 0 : wanted > most ? most : wanted;
    session->load.cpu_level_state = state_of(share(all_us, passed_us), level_thousandths);
    cpu_level_command(session, wanted / session->options->cpu_workers);
}

static enum shortage reason_of(const struct session* session, bool was_throttled)
{
    cpu_set_t set;

    if (was_throttled)
        return SHORTAGE_QUOTA;
    if (sched_getaffinity(0, sizeof(set), &set) == 0
        && session->load.wanted_load * session->options->cpu_workers
            > CPU_COUNT(&set) * (int64_t)FULL_LOAD)
        return SHORTAGE_CPUS;
    return SHORTAGE_CONTENTION;
}

void cpu_level_look_for_shortage(struct session* session)
{
    static int64_t last_us, last_behind_us, last_throttled_us;
    int64_t now_us = clock_us(CLOCK_MONOTONIC);
    int64_t behind_us = workers_due_us() - workers_used_us();
    int64_t throttled_us = session->readings.cpu_throttled_us;
    struct load_state* load = &session->load;

    if (now_us - last_us < SECOND_MS * 1000)
        return;
    if (last_us != 0) {
        load->short_thousandths = share(behind_us - last_behind_us, now_us - last_us);
        load->shortage = reason_of(session, throttled_us > last_throttled_us);
        if (load->short_thousandths < NOT_SHORT) {
            load->short_thousandths = 0;
            load->shortage = SHORTAGE_NONE;
        }
    }
    last_us = now_us;
    last_behind_us = behind_us;
    last_throttled_us = throttled_us;
}
