// Which cgroup and which namespaces a process is in, and whether they are our own.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum membership {
    MEMBERSHIP_SAME,
    MEMBERSHIP_INSIDE, // in a descendant of the target's
    MEMBERSHIP_ABOVE, // in the root of the target's own cgroup namespace, with a memory limit
    MEMBERSHIP_DIFFERENT,
    MEMBERSHIP_UNREADABLE,
};

enum { CGROUP_PATH_SIZE = 512 };

// Reads where the target is now, for all comparisons with it until this is called again.
void membership_read_target(int64_t pid);

// Compares the cgroups of a process with the target's. The less near of the two counts.
enum membership membership_of_cgroup(int64_t pid);

// Compares a namespace by its link, like "pid:[4026531836]". An image that drops its user ID in its
// entrypoint hides the link: that is no difference.
enum membership membership_of_namespace(int64_t pid, const char* name);

// True where `list`, like "cpu,cpuacct", names `controller`. `length` is the list's.
bool cgroup_names_controller(const char* list, size_t length, const char* controller);

// True where two such paths are of containers of one pod: from OWN the other is reached without
// leaving the pod, whose directory has "pod" and the pod's UID in its name (kubelet,
// pkg/kubelet/cm/pod_container_manager_linux.go). Seen from a cgroup namespace the other begins
// with
// "/..", once for each directory above its root.
bool cgroup_is_of_pod(const char* own, const char* other);

// Finds the path of `controller` in the text of /proc/PID/cgroup: version 1's own line, else the
// line "0::/PATH" of version 2. Returns false where there is neither.
bool cgroup_path_of(const char* proc_text, const char* controller, char path[CGROUP_PATH_SIZE]);
