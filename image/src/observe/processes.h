// What /proc says of single processes.
#pragma once

#include "observe/agents.h"

#include <stdbool.h>
#include <stdint.h>

// What this process is itself.
void processes_init(enum agent_kind kind);
enum agent_kind process_own_kind(void);

int64_t process_find_target(const char* container_id);
int64_t process_id_of(int64_t pid, const char* key);
int64_t process_start_time_ticks(int64_t pid);
int64_t process_ending_signal(int64_t pid);
int process_oom_score_adj(int64_t pid, int64_t* value);
