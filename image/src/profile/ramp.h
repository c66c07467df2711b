// A straight way from one value to another.
#pragma once

#include "words/clock.h"

#include <stdbool.h>
#include <stdint.h>

enum { RAMP_TICK_MS = 20 };

struct ramp {
    int64_t from;
    int64_t goal;
    int64_t from_ms;
    int64_t length_ms;
};

static inline struct ramp ramp_from(int64_t from, int64_t goal, int64_t length_ms)
{
    return (struct ramp) { from, goal, turn_ms(), length_ms };
}

static inline bool ramp_is_over(const struct ramp* ramp, int64_t now_ms)
{
    return now_ms - ramp->from_ms >= ramp->length_ms;
}

static inline int64_t ramp_at(const struct ramp* ramp, int64_t now_ms)
{
    if (ramp_is_over(ramp, now_ms))
        return ramp->goal;
    return ramp->from
        + (int64_t)((__int128)(ramp->goal - ramp->from) * (now_ms - ramp->from_ms)
            / ramp->length_ms);
}
