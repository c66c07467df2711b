// One turn of a run or a reading: wait, and tell what is due by then.
#pragma once

#include "steer/session.h"

#include <stdint.h>

// Opens everything and says hello. Returns false where the session must end at once.
bool turn_open(struct session* session, struct options* options, int64_t start_ms);

// Waits at most until `until_ms` for something to happen, and does what is due: samples, the look
// each second, the reasons to end (in session->reason). Commands are for the caller to take.
void turn(struct session* session, int64_t until_ms);

// Tells the processes now, and again when that is due.
void turn_report_processes(struct session* session);
