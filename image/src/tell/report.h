// The lines about a session, and about a holder.
#pragma once

#include "observe/agents.h"
#include "steer/session.h"

#include <stdint.h>

enum { PATIENT_MS = 250 }; // how long an important line waits for a slow reader

void report_hello(const struct session* session);

// Of a holder, which knows nothing of a target.
void report_hello_holder(void);

// Reads the target's cgroup and prints it, waiting at most `wait_ms` for a slow reader.
void report_sample(struct session* session, int wait_ms);

void report_processes(const struct session* session);

// Enters a phase and says so. `step` counts the steps of a staircase from 1; ABSENT without one.
void report_phase(struct session* session, enum phase phase, int64_t step);

// What was asked for last has been reached. `id` is that of the command, or ABSENT.
void report_arrived_memory(struct session* session, int64_t id);
void report_arrived_cpu(const struct session* session, int64_t id);

// Answers a command. `problem` is NULL where it was taken; `count` may be ABSENT.
void report_done(const struct commands* commands, const char* problem, int64_t count);

// A run that a holder sees.
void report_load(const struct agent* agent);

// Says goodbye. Returns the exit code.
int report_bye(const struct session* session);
