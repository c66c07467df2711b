// Where the memory load is to go: a size or a level, at once or by a ramp.
#pragma once

#include "steer/session.h"

#include <stdbool.h>
#include <stdint.h>

// From what is asked for now to another size, or to the level in session->load.level.
void memory_goal_size(struct session* session, int64_t bytes, int64_t ramp_ms);
void memory_goal_level(struct session* session, int64_t ramp_ms);

// Tells the workers what is due by now.
void memory_goal_advance(struct session* session);

// Whether the goal has been reached, or nothing more can be done for it.
bool memory_goal_is_settled(const struct session* session);

// Whether it has been reached.
bool memory_goal_has_arrived(const struct session* session);

// Stays with what the living workers have been told: they do not take over what was lost.
void memory_goal_keep(struct session* session);

// When to come back, unless something happens before.
int64_t memory_goal_wake_ms(const struct session* session);
