// Time in milliseconds, as it stands in options and messages.
#pragma once

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Asks the kernel rather than the vDSO: that lies far from everything else, and touching it would
// cost each process two pages of page tables.
static inline int64_t clock_us(clockid_t clock)
{
    struct timespec now;

    syscall(SYS_clock_gettime, clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline int64_t now_ms(void) { return clock_us(CLOCK_MONOTONIC) / 1000; }

// The time at which the turn of the agent began that is being done. What decides about a turn asks
// this: a look at the clock is a system call, and they were a third of all.
int64_t clock_begin_turn(void);
int64_t turn_ms(void);

static inline int64_t earliest(int64_t a, int64_t b) { return a < b ? a : b; }

// When something is due next that is due at every `interval`: what has the same beginning is due at
// the same time, and needs one waking.
static inline int64_t next_due(int64_t due, int64_t interval, int64_t now)
{
    return due > now ? due : due + ((now - due) / interval + 1) * interval;
}
