// What /proc says of single processes.
#pragma once

#include "observe/agents.h"

#include <stdbool.h>
#include <stdint.h>

// What this process is itself.
void processes_init(enum agent_kind kind);
enum agent_kind process_own_kind(void);

// The first process of a container: the oldest one in a cgroup that bears the container's ID. In a
// process namespace that is shared, process 1 is another's. Returns ABSENT where there is none.
int64_t process_find_target(const char* container_id);

// The real user ID (key "Uid:\t") or group ID ("Gid:\t") of a process. Everybody may read it.
int64_t process_id_of(int64_t pid, const char* key);

// Field 22 of /proc/PID/stat. With the process ID it names a process for good. A zombie is gone.
int64_t process_start_time_ticks(int64_t pid);

// The signal by which a process is ending already, by field 52 of /proc/PID/stat (its exit code in
// the form of waitpid); 0 where there is none, or where it may not be seen.
int64_t process_ending_signal(int64_t pid);

// Returns 0 or -errno.
int process_oom_score_adj(int64_t pid, int64_t* value);

// Whether it has its descriptor 1 open for writing, by /proc/PID/fdinfo.
bool process_may_write_stdout(int64_t pid);
