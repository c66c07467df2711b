// The `cgroup` join: a privileged agent moves itself into the target's cgroup.
#pragma once

#include <stdint.h>

// Moves this process into the cgroup of `target_pid`, before anything is allocated: charges do not
// move along. Returns NULL, or why not.
const char* join_cgroup(int64_t target_pid);
