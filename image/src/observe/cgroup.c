#include "observe/cgroup.h"

#include "kernel/files.h"
#include "observe/membership.h"
#include "words/buffers.h"
#include "words/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LIST_SIZE = 1024, DEPTH_MAX = 8 };

struct visit {
    void (*each)(int64_t pid, void* context);
    void* context;
};

static int open_directory(const char* root, const char* middle, const char* path)
{
    BUFFER static char full[2 * CGROUP_PATH_SIZE];
    size_t length = text_append(full, sizeof(full), 0, root);

    length = text_append(full, sizeof(full), length, middle);
    text_append(full, sizeof(full), length, path);
    return openat(AT_FDCWD, full, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

// Opens the directory of one controller of version 1. In a container the mount shows the
// container's own directory alone, on the host the whole tree: the target's path is tried first.
static int open_v1(const char* root, const char* controller, const char* file, const char* path)
{
    BUFFER static char middle[64];
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

// In a private cgroup namespace ".." leads out of the mount, where there is no such file.
static void open_above(struct cgroup* cgroup)
{
    char path[3 * CGROUPS_ABOVE_MAX + sizeof("memory.max")];
    size_t length = 0;

    while (cgroup->above_count < CGROUPS_ABOVE_MAX) {
        int file;

        length = text_append(path, sizeof(path), length, "../");
        text_append(path, sizeof(path), length, "memory.max");
        file = openat(cgroup->memory, path, O_RDONLY | O_CLOEXEC);
        if (file < 0)
            return;
        cgroup->above[cgroup->above_count++] = file;
    }
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
    open_above(cgroup);
}

void cgroup_open(
    struct cgroup* cgroup, const char* root, int64_t target_pid, int64_t pod_limit_bytes)
{
    int directory = open_directory(root, "", "");

    *cgroup = (struct cgroup) { .version = ABSENT,
        .memory = -1,
        .cpu = -1,
        .cpuacct = -1,
        .pids = -1,
        .pod_limit_bytes = pod_limit_bytes };
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

int64_t cgroup_limit_above(const struct cgroup* cgroup)
{
    int64_t smallest = ABSENT;

    for (int i = 0; i < cgroup->above_count; i++) {
        char text[32];
        int64_t limit;

        if (file_read_open(cgroup->above[i], text, sizeof(text)) <= 0)
            continue;
        limit = text_first_number(text);
        if (limit != ABSENT && (smallest == ABSENT || limit < smallest))
            smallest = limit;
    }
    return smallest;
}

// The file may be longer than the buffer, and a number may lie across its end. A process outside of
// our PID namespace stands there as 0.
static int each_in_list(int file, const struct visit* visit)
{
    char list[LIST_SIZE];
    int64_t pid = 0;
    off_t offset = 0;
    ssize_t got;

    while ((got = pread(file, list, sizeof(list), offset)) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            if (list[i] >= '0' && list[i] <= '9' && pid <= INT32_MAX / 10) {
                pid = pid * 10 + list[i] - '0';
                continue;
            }
            if (pid > 0)
                visit->each(pid, visit->context);
            pid = 0;
        }
        offset += got;
    }
    return got < 0 ? -errno : 0;
}

// Opened anew each time: version 1 shows whoever reads again within a second the list of before.
static int each_in_directory(int directory, const struct visit* visit)
{
    int file = directory < 0 ? -1 : openat(directory, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    int error;

    if (file < 0)
        return -ENOENT;
    error = each_in_list(file, visit);
    close(file);
    return error;
}

// The cgroups below `directory`, whose number of links says whether there are any.
static void each_below(int directory, int depth, const struct visit* visit)
{
    _Alignas(struct dirent) char entries[512];
    struct stat about;
    int listed;
    long got;

    if (depth == DEPTH_MAX || fstat(directory, &about) != 0 || about.st_nlink == 2)
        return;
    listed = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (listed < 0)
        return;
    while ((got = syscall(SYS_getdents64, listed, entries, sizeof(entries))) > 0) {
        const struct dirent* entry;

        for (long at = 0; at < got; at += entry->d_reclen) {
            int below;

            entry = (const void*)(entries + at);
            if (entry->d_type != DT_DIR || entry->d_name[strspn(entry->d_name, ".")] == '\0')
                continue;
            below = openat(listed, entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
            if (below < 0)
                continue;
            each_in_directory(below, visit);
            each_below(below, depth + 1, visit);
            close(below);
        }
    }
    close(listed);
}

int cgroup_each_process(
    const struct cgroup* cgroup, void (*each)(int64_t pid, void* context), void* context)
{
    const struct visit visit = { each, context };
    int error = each_in_directory(cgroup->memory, &visit);

    if (error == 0)
        each_below(cgroup->memory, 0, &visit);
    return error;
}
