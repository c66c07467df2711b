// How far memory may grow at once: all the way far from the limit (or memory.high), in small steps
// near it, each after a sample that is the last evidence should the kernel kill us all as a group.
#pragma once

#include "steer/session.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    NEAR_SHARE = 20, // the last 1/20 of the limit is near
    NEAR_TICK_MS = 25, // how soon the end of a worker is looked for there
};

void pace_grow(struct session* session, int64_t growth_bytes);

// While workers fill far from the limit, the app may grow as well and bring it near.
void pace_stop_what_came_near(struct session* session);

// Whether the last growth was a small step near the limit.
bool pace_is_near(void);

int64_t pages_down(int64_t bytes);
int64_t pages_up(int64_t bytes);
