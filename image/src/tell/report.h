// The lines about a session: hello, samples, phases, bye.
#pragma once

#include "steer/session.h"

#include <stdint.h>

void report_hello(const struct session* session, enum membership mount_namespace);
void report_sample(struct session* session, int wait_ms);
void report_phase(struct session* session, enum phase phase, int64_t step);

// What was asked for last has been reached. `id` is that of the command, or ABSENT.
void report_arrived_memory(struct session* session, int64_t id);
void report_arrived_cpu(const struct session* session, int64_t id);
int report_bye(struct session* session);
