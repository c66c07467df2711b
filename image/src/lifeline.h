// A kernel timer that kills this process unless it is put off in time. It works on a process that
// is stopped or hangs, and so can see neither its deadline nor the end of its input.
#pragma once

#include <stdint.h>

int lifeline_start(void);
void lifeline_extend(int64_t milliseconds);
