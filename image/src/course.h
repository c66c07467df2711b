// Where a load is to go, and how it gets there: ramp, steps, and small paces near the limit.
#pragma once

#include "session.h"

#include <stdint.h>

void course_start(struct session* session);
void course_advance(struct session* session);
void course_turn_to(struct session* session, int64_t goal);
void course_keep(struct session* session);
int64_t course_wake_ms(const struct session* session);
