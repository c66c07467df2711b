// Where the loads are to go, and how they get there: ramp, steps, levels, and the phases of it.
#pragma once

#include "steer/session.h"

#include <stdbool.h>
#include <stdint.h>

// Sets out for the first step, or for the size or level itself.
void profile_start(struct session* session);

// Tells the workers what is due by now, and enters the next phase when this one is over. The end of
// the last hold is that of the session.
void profile_advance(struct session* session);

// Does what was commanded, which stands in session->commands: another size, level or load at once,
// which ends the ramp and the steps that are left of it; or another length of the last hold.
// Returns false where it does not fit this run.
bool profile_take(struct session* session, enum request request);

// When to come back, unless something happens before.
int64_t profile_wake_ms(const struct session* session);
