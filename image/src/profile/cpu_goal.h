// Where the CPU load is to go: a percentage or a level, at once or by a ramp.
#pragma once

#include "steer/session.h"

#include <stdbool.h>
#include <stdint.h>

// From nothing to a load of each worker, or to the level of the container where that is not ABSENT.
// Both are in thousandths of a percent of one CPU.
void cpu_goal_set(struct session* session, int64_t load, int64_t level, int64_t ramp_ms);

// Tells the workers what is due by now.
void cpu_goal_advance(struct session* session);

// Whether the ramp is over. A level of the CPU is held for as long as was asked, be it reached or
// not: the app may be above.
bool cpu_goal_is_settled(void);

// Whether the load, or the level, has been reached.
bool cpu_goal_has_arrived(const struct session* session);

// When to come back, unless something happens before.
int64_t cpu_goal_wake_ms(const struct session* session);
