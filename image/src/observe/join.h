// The `cgroup` join: a privileged agent moves itself into the target's cgroup.
#pragma once

#include <stdint.h>

const char* join_cgroup(int64_t target_pid);
