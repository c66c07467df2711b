// What busybox lacks: `cgroup_namespace new COMMAND…` runs a command in a cgroup namespace of its
// own, `cgroup_namespace PID COMMAND…` in that of a process.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int count, char** arguments)
{
    char path[64];
    int file;

    if (count < 3)
        return 2;
    if (strcmp(arguments[1], "new") == 0 && unshare(CLONE_NEWCGROUP) != 0)
        return 3;
    if (strcmp(arguments[1], "new") != 0) {
        snprintf(path, sizeof(path), "/proc/%s/ns/cgroup", arguments[1]);
        file = open(path, O_RDONLY | O_CLOEXEC);
        if (setns(file, CLONE_NEWCGROUP) != 0)
            return 4;
    }
    execvp(arguments[2], arguments + 2);
    return 5;
}
