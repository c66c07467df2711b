// A kernel timer that kills this process unless it is put off in time. It works on a process that
// is stopped or hangs, and so can see neither its deadline nor the end of its input.
#pragma once

#include <stdint.h>

// After so long without a sign of life a process hangs.
enum { HANGING_MS = 10000 };

int watchdog_start(int64_t least_ms);
void watchdog_extend(int64_t milliseconds);
