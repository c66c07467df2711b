// Where a load is to go, and how it gets there: ramp, steps, and small paces near the limit.
#pragma once

#include "steer/session.h"

#include <stdint.h>

void profile_start(struct session* session);
void profile_advance(struct session* session);
void profile_turn_to(struct session* session, int64_t goal);
void profile_keep(struct session* session);
int64_t profile_wake_ms(const struct session* session);
