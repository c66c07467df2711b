// The CPU load of all workers: a percentage for each, or what brings the whole container to a
// level.
#pragma once

#include "steer/session.h"

#include <stdint.h>

// Tells the workers their load: thousandths of a percent for each that was asked for.
void cpu_level_command(struct session* session, int64_t load_thousandths);

// One turn of the loop towards a level of the whole container, in thousandths of one CPU's percent.
void cpu_level_follow(struct session* session, int64_t level_thousandths);

// When the next turn of the loop is due.
int64_t cpu_level_wake_ms(void);

// Once a second: how far the load falls short of what is asked, and why.
void cpu_level_look_for_shortage(struct session* session);
