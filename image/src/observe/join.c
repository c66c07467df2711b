#include "observe/join.h"

#include "kernel/files.h"
#include "observe/membership.h"
#include "words/buffers.h"
#include "words/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define MOUNT_POINT "/sys/fs/cgroup" // there in every container; covered in our own namespace only

BUFFER static char own_text[4096];
BUFFER static char target_text[4096];
BUFFER static char path[CGROUP_PATH_SIZE];
BUFFER static char own_path[CGROUP_PATH_SIZE];

// A load in a cgroup above the target's would not meet the target's limit, but that of the pod or
// of the whole machine. Returns NULL, or why this path is refused.
static const char* refusal(const char* controller)
{
    size_t length;

    if (!cgroup_path_of(target_text, controller, path))
        return "the target's cgroup cannot be found";
    if (strstr(path, "/..") != NULL)
        return "the target's cgroup lies outside of our cgroup namespace: this container is not"
               " privileged, or has a private one";
    if (text_equal(path, "/"))
        return "the target is in the root cgroup: refused";
    length = strlen(path);
    if (cgroup_path_of(own_text, controller, own_path) && strncmp(own_path, path, length) == 0
        && own_path[length] == '/')
        return "the target's cgroup is a parent of ours: refused";
    return NULL;
}

static const char* write_own_pid(const char* root)
{
    BUFFER static char file[2 * CGROUP_PATH_SIZE];
    size_t length = text_append(file, sizeof(file), 0, root);

    length = text_append(file, sizeof(file), length, path);
    text_append(file, sizeof(file), length, "/cgroup.procs");
    return file_write(file, "0") == 0 ? NULL : "the target's cgroup.procs cannot be written";
}

// Mounts one hierarchy of version 1, by the very list of controllers that it was made with.
static const char* join_v1(const char* controllers)
{
    const char* problem;

    if (mount("none", MOUNT_POINT, "cgroup", 0, controllers) != 0)
        return "a controller of cgroup version 1 cannot be mounted: this needs CAP_SYS_ADMIN";
    problem = write_own_pid(MOUNT_POINT);
    umount2(MOUNT_POINT, MNT_DETACH);
    return problem;
}

static bool is_needed(const char* controllers)
{
    static const char* const needed[] = { "memory", "cpu", "cpuacct", "cpuset", "pids" };

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (cgroup_names_controller(controllers, strlen(controllers), needed[i]))
            return true;
    return false;
}

// Walks the lines "N:CONTROLLERS:PATH" of /proc/PID/cgroup. Returns NULL, or what went wrong.
static const char* join_all_v1(bool check_only)
{
    BUFFER static char controllers[64];
    const char* line = target_text;
    const char* problem = NULL;

    while (*line != '\0' && problem == NULL) {
        const char* list = strchr(line, ':');
        size_t length = list == NULL ? sizeof(controllers) : strcspn(list + 1, ":\n");

        if (length < sizeof(controllers)) {
            memcpy(controllers, list + 1, length);
            controllers[length] = '\0';
            if (is_needed(controllers)) {
                // Each controller's first name finds the line again, and its path.
                char* comma = strchr(controllers, ',');

                if (comma != NULL)
                    *comma = '\0';
                problem = refusal(controllers);
                if (comma != NULL)
                    *comma = ',';
                if (problem == NULL && !check_only)
                    problem = join_v1(controllers);
            }
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return problem;
}

const char* join_cgroup(int64_t target_pid)
{
    const char* problem;

    if (file_read(AT_FDCWD, "/proc/self/cgroup", own_text, sizeof(own_text)) <= 0
        || proc_read(target_pid, "cgroup", target_text, sizeof(target_text)) <= 0)
        return "/proc/PID/cgroup cannot be read";
    if (strstr(target_text, ":memory:") == NULL && strstr(target_text, "memory,") == NULL
        && strstr(target_text, ",memory") == NULL) {
        problem = refusal("");
        return problem != NULL ? problem : write_own_pid("/sys/fs/cgroup");
    }
    problem = join_all_v1(true);
    if (problem != NULL)
        return problem;
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return "a mount namespace of our own cannot be made: this needs CAP_SYS_ADMIN";
    return join_all_v1(false);
}
