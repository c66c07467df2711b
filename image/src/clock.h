// Time in milliseconds, as it stands in options and messages.
#pragma once

#include <stdint.h>
#include <time.h>

static inline int64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline int64_t now_ms(void) { return clock_us(CLOCK_MONOTONIC) / 1000; }
