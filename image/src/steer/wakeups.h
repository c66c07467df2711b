// What wakes a run or a reading: its input, signals, workers, the target's end, the clock.
#pragma once

#include "steer/session.h"

#include <stdint.h>

// Opens what is waited for, and has the watchdog bite as soon as in any turn. What goes wrong is
// kept in the session.
void wakeups_open(struct session* session);

// The workers have been started: what they tell wakes us as well.
void wakeups_add_workers(const struct session* session);

// Nothing that comes on stdin counts from now on, nor that nothing comes.
void wakeups_leave_input(struct session* session);

// Waits until something happens, at most until `until_ms`, and takes note of every reason to end.
void wakeups_wait(struct session* session, int64_t until_ms);

// The next command that has come on stdin, or REQUEST_NOTHING; what it carries is in
// session->commands. `stop` and the end of the input are reasons to end besides.
enum request wakeups_next_request(struct session* session);
