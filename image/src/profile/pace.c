#include "profile/pace.h"

#include "tell/report.h"

#include <unistd.h>

enum {
    NEAR_STEP_SHARE = 200, // where a step is at most 1/200 of it
};

static bool is_near;

bool pace_is_near(void) { return is_near; }

int64_t pages_down(int64_t bytes)
{
    int64_t page = getpagesize();

    return bytes / page * page;
}

int64_t pages_up(int64_t bytes) { return pages_down(bytes + getpagesize() - 1); }

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
        is_near = false;
        return commanded + growth;
    }
    if (step == 0)
        step = getpagesize();
    if (usage + step < near)
        return commanded + pages_down(near - usage);
    if (!is_near)
        report_processes(session); // who is killed is decided among these
    is_near = true;
    report_sample(session, PATIENT_MS);
    return commanded + (growth < step ? growth : step);
}

void pace_grow(struct session* session, int64_t growth_bytes)
{
    workers_command_total(&session->workers, next_size(session, growth_bytes));
}

void pace_stop_what_came_near(struct session* session)
{
    struct readings* readings = &session->readings;

    readings_take(&session->cgroup, readings, CADENCE_USAGE | CADENCE_LIMITS);

    int64_t limit = readings_ceiling(readings);

    if (limit != ABSENT && readings->usage_bytes > limit - limit / NEAR_SHARE
        && session->workers.commanded - workers_held_bytes() > limit / NEAR_STEP_SHARE)
        workers_command_total(&session->workers, workers_held_bytes());
}
