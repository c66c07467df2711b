#include "observe/cgroup.h"

#include "kernel/files.h"
#include "observe/membership.h"
#include "words/buffers.h"
#include "words/text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int open_directory(const char* root, const char* middle, const char* path)
{
    BUFFER static char full[2 * CGROUP_PATH_SIZE];
    size_t length = text_append(full, sizeof(full), 0, root);

    length = text_append(full, sizeof(full), length, middle);
    text_append(full, sizeof(full), length, path);
    return open(full, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

// Opens the directory of one controller of version 1. In a container the mount shows the
// container's own directory alone, on the host the whole tree: the target's path is tried first.
static int open_v1(const char* root, const char* controller, const char* file, const char* path)
{
    static char middle[64];
    size_t length = text_append(middle, sizeof(middle), 0, "/");
    int directory = -1;

    text_append(middle, sizeof(middle), length, controller);
    if (path != NULL && strstr(path, "/..") == NULL)
        directory = open_directory(root, middle, path);
    if (directory < 0)
        directory = open_directory(root, middle, "");
    if (directory >= 0 && !file_exists(directory, file)) {
        close(directory);
        directory = -1;
    }
    return directory;
}

static void open_all_v1(struct cgroup* cgroup, const char* root, const char* proc_text)
{
    static const struct {
        const char* name;
        const char* file;
    } controllers[] = { { "memory", "memory.usage_in_bytes" }, { "cpu", "cpu.stat" },
        { "cpuacct", "cpuacct.usage" }, { "pids", "pids.current" } };
    BUFFER static char path[CGROUP_PATH_SIZE];
    int* const directories[] = { &cgroup->memory, &cgroup->cpu, &cgroup->cpuacct, &cgroup->pids };

    for (int i = 0; i < 4; i++) {
        bool found = cgroup_path_of(proc_text, controllers[i].name, path);

        *directories[i]
            = open_v1(root, controllers[i].name, controllers[i].file, found ? path : NULL);
    }
    if (cgroup->memory >= 0 || cgroup->cpu >= 0)
        cgroup->version = 1;
}

// A private cgroup namespace shows the container's cgroup as the root, with its limit; the true
// root of a machine has no memory.current, and there the target's path leads on.
static void open_v2(struct cgroup* cgroup, const char* root, const char* proc_text)
{
    BUFFER static char path[CGROUP_PATH_SIZE];
    int directory = open_directory(root, "", "");

    if (directory >= 0 && !file_exists(directory, "memory.current")
        && cgroup_path_of(proc_text, "", path) && strstr(path, "/..") == NULL) {
        close(directory);
        directory = open_directory(root, path, "");
    }
    if (directory < 0)
        return;
    cgroup->version = 2;
    cgroup->memory = cgroup->cpu = cgroup->cpuacct = cgroup->pids = directory;
}

// Finds the cgroup of the target below ROOT (a mount of cgroups). What is not there stays -1.
void cgroup_open(struct cgroup* cgroup, const char* root, int64_t target_pid)
{
    int directory = open_directory(root, "", "");

    *cgroup = (struct cgroup) { ABSENT, -1, -1, -1, -1 };
    if (directory < 0)
        return;
    proc_read(target_pid, "cgroup", file_text, sizeof(file_text));
    if (file_exists(directory, "memory") && !file_exists(directory, "memory.current"))
        open_all_v1(cgroup, root, file_text);
    else if (file_exists(directory, "cgroup.controllers")
        || file_exists(directory, "memory.current"))
        open_v2(cgroup, root, file_text);
    close(directory);
}
