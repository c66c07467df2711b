// Kernel timers that end this process unless they are put off in time. They work on a process that
// hangs, and so can see neither its deadline nor the end of its input.
#pragma once

#include <stdint.h>

// After so long without a sign of life a process hangs.
enum { HANGING_MS = 10000 };

// No extension is shorter than least_ms. Returns 0 or -errno. Not inherited by children.
int watchdog_start(int64_t least_ms);

// Puts the end off, rounded up to seconds, and so not again within one. Returns 0 or -errno.
int watchdog_extend(int64_t milliseconds);
