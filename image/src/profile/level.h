// Holds the whole container at a level of memory: the load yields where the app grows, and follows
// where it shrinks.
#pragma once

#include "steer/session.h"

#include <stdbool.h>
#include <stdint.h>

// Whether this run can hold a level: a share needs a limit, and huge pages and files of page cache
// cannot be given back by the page.
bool level_is_possible(const struct session* session, const struct level* level);

// The level that is asked for with the limit as it is now, or ABSENT where it has none.
int64_t level_goal(const struct session* session);

// The metric by the last readings, or ABSENT.
int64_t level_measured(const struct session* session);

// Reads the metric and the limit anew.
void level_read(struct session* session);

// One turn of the loop towards a level in bytes, or nothing where it is ABSENT.
void level_follow(struct session* session, int64_t level);

// When the next turn is due.
int64_t level_wake_ms(void);

// Whether the level has been reached, or cannot be: the app alone is above it, or workers are lost.
bool level_is_settled(const struct session* session);

// Another level begins.
void level_begin(void);

// Workers were lost: those that are left do not take over what they held.
void level_keep(int64_t bytes);
