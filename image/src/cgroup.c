#include "cgroup.h"

#include "buffers.h"
#include "files.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

// True where `list`, like "cpu,cpuacct", names `controller`. `length` is the list's.
bool cgroup_names_controller(const char* list, size_t length, const char* controller)
{
    size_t wanted = strlen(controller);

    for (size_t start = 0; start <= length;) {
        size_t end = start;

        while (end < length && list[end] != ',')
            end++;
        if (end - start == wanted && strncmp(list + start, controller, wanted) == 0)
            return true;
        start = end + 1;
    }
    return false;
}

// Finds the path of `controller` in the text of /proc/PID/cgroup: version 1's own line, else the
// line "0::/PATH" of version 2. Returns false where there is neither.
bool cgroup_path_of(const char* proc_text, const char* controller, char path[CGROUP_PATH_SIZE])
{
    const char* unified = NULL;
    const char* found = NULL;

    while (*proc_text != '\0' && found == NULL) {
        const char* list = strchr(proc_text, ':');
        const char* end = proc_text + strcspn(proc_text, "\n");
        const char* colon = list == NULL || list >= end ? NULL : strchr(list + 1, ':');

        if (colon != NULL && colon < end) {
            if (cgroup_names_controller(list + 1, (size_t)(colon - list - 1), controller))
                found = colon + 1;
            else if (text_starts_with(proc_text, "0::"))
                unified = colon + 1;
        }
        proc_text = *end == '\n' ? end + 1 : end;
    }
    if (found == NULL)
        found = unified;
    if (found == NULL || *found != '/')
        return false;

    size_t length = strcspn(found, "\n");

    if (length >= CGROUP_PATH_SIZE)
        return false;
    memcpy(path, found, length);
    path[length] = '\0';
    return true;
}

// Compares the cgroup of memory and of CPU of a process with the target's.
enum membership cgroup_membership(int64_t pid, int64_t target_pid)
{
    static const char* const controllers[] = { "memory", "cpu" };
    BUFFER static char own_paths[2][CGROUP_PATH_SIZE];
    BUFFER static char target_path[CGROUP_PATH_SIZE];
    bool own_found[2];

    if (proc_read(pid, "cgroup", file_text, sizeof(file_text)) <= 0)
        return MEMBERSHIP_UNREADABLE;
    for (int i = 0; i < 2; i++)
        own_found[i] = cgroup_path_of(file_text, controllers[i], own_paths[i]);
    if (proc_read(target_pid, "cgroup", file_text, sizeof(file_text)) <= 0)
        return MEMBERSHIP_UNREADABLE;
    for (int i = 0; i < 2; i++) {
        bool found = cgroup_path_of(file_text, controllers[i], target_path);

        if (found != own_found[i] || (found && !text_equal(own_paths[i], target_path)))
            return MEMBERSHIP_DIFFERENT;
    }
    return own_found[0] || own_found[1] ? MEMBERSHIP_SAME : MEMBERSHIP_UNREADABLE;
}

// Compares a namespace by its link, like "pid:[4026531836]". An image that drops its user ID in its
// entrypoint hides the link: that is no difference.
enum membership cgroup_namespace_membership(int64_t target_pid, const char* name)
{
    char own[64];
    char target[64];
    ssize_t own_length = readlink(proc_path((int64_t)getpid(), name), own, sizeof(own));
    ssize_t target_length = readlink(proc_path(target_pid, name), target, sizeof(target));

    if (own_length <= 0 || target_length <= 0)
        return MEMBERSHIP_UNREADABLE;
    if (own_length != target_length || memcmp(own, target, (size_t)own_length) != 0)
        return MEMBERSHIP_DIFFERENT;
    return MEMBERSHIP_SAME;
}

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

// Leaves an empty text where there is nothing to read: every key in it is absent then.
static void read_text(int directory, const char* path)
{
    if (directory < 0)
        file_text[0] = '\0';
    else
        file_read(directory, path, file_text, sizeof(file_text));
}

static int64_t number(int directory, const char* path)
{
    return directory < 0 ? ABSENT : file_number(directory, path);
}

// Version 1 writes "no limit" as the largest number of whole pages.
static int64_t v1_limit(int directory, const char* path)
{
    int64_t limit = number(directory, path);

    return limit >= INT64_C(1) << 60 ? ABSENT : limit;
}

static int64_t difference(int64_t larger, int64_t smaller)
{
    if (larger == ABSENT || smaller == ABSENT || larger < smaller)
        return ABSENT;
    return larger - smaller;
}

static int64_t divided(int64_t value, int64_t by) { return value == ABSENT ? ABSENT : value / by; }

static int64_t millicores(int64_t quota_us, int64_t period_us)
{
    if (quota_us == ABSENT || period_us == ABSENT || period_us == 0 || quota_us > INT64_MAX / 1000)
        return ABSENT;
    return quota_us * 1000 / period_us;
}

static void read_memory_v1(int directory, struct readings* readings)
{
    readings->usage_bytes = number(directory, "memory.usage_in_bytes");
    read_text(directory, "memory.stat");
    readings->swap_bytes = text_value_of(file_text, "total_swap ");
    readings->anon_bytes = text_value_of(file_text, "total_rss ");
    readings->file_bytes = text_value_of(file_text, "total_cache ");
    readings->inactive_file_bytes = text_value_of(file_text, "total_inactive_file ");
    readings->shmem_bytes = text_value_of(file_text, "total_shmem ");
}

static void read_memory_v2(int directory, struct readings* readings)
{
    readings->usage_bytes = number(directory, "memory.current");
    read_text(directory, "memory.stat");
    readings->anon_bytes = text_value_of(file_text, "anon ");
    readings->file_bytes = text_value_of(file_text, "file ");
    readings->inactive_file_bytes = text_value_of(file_text, "inactive_file ");
    readings->shmem_bytes = text_value_of(file_text, "shmem ");
    readings->kernel_bytes = text_value_of(file_text, "kernel ");
    readings->pagetables_bytes = text_value_of(file_text, "pagetables ");
    readings->slab_bytes = text_value_of(file_text, "slab ");
}

static void read_cpu_v1(const struct cgroup* cgroup, struct readings* readings)
{
    readings->cpu_usage_us = divided(number(cgroup->cpuacct, "cpuacct.usage"), 1000);
    read_text(cgroup->cpu, "cpu.stat");
    readings->cpu_nr_periods = text_value_of(file_text, "nr_periods ");
    readings->cpu_nr_throttled = text_value_of(file_text, "nr_throttled ");
    readings->cpu_throttled_us = divided(text_value_of(file_text, "throttled_time "), 1000);
}

static void read_cpu_v2(int directory, struct readings* readings)
{
    read_text(directory, "cpu.stat");
    readings->cpu_usage_us = text_value_of(file_text, "usage_usec ");
    readings->cpu_nr_periods = text_value_of(file_text, "nr_periods ");
    readings->cpu_nr_throttled = text_value_of(file_text, "nr_throttled ");
    readings->cpu_throttled_us = text_value_of(file_text, "throttled_usec ");
}

static void read_slow_v1(const struct cgroup* cgroup, struct readings* readings)
{
    readings->peak_bytes = number(cgroup->memory, "memory.max_usage_in_bytes");
    readings->limit_bytes = v1_limit(cgroup->memory, "memory.limit_in_bytes");
    readings->swap_limit_bytes = difference(
        v1_limit(cgroup->memory, "memory.memsw.limit_in_bytes"), readings->limit_bytes);
    readings->kernel_bytes = number(cgroup->memory, "memory.kmem.usage_in_bytes");
    readings->max_events = number(cgroup->memory, "memory.failcnt");
    readings->cpu_limit_millicores = millicores(
        number(cgroup->cpu, "cpu.cfs_quota_us"), number(cgroup->cpu, "cpu.cfs_period_us"));
}

static void read_slow_v2(const struct cgroup* cgroup, struct readings* readings)
{
    const char* period;

    readings->peak_bytes = number(cgroup->memory, "memory.peak");
    readings->limit_bytes = number(cgroup->memory, "memory.max");
    readings->high_bytes = number(cgroup->memory, "memory.high");
    readings->swap_bytes = number(cgroup->memory, "memory.swap.current");
    readings->swap_limit_bytes = number(cgroup->memory, "memory.swap.max");
    read_text(cgroup->memory, "memory.pressure");
    readings->pressure_some_hundredths = text_avg10_hundredths(file_text, "some avg10=");
    readings->pressure_full_hundredths = text_avg10_hundredths(file_text, "full avg10=");
    read_text(cgroup->cpu, "cpu.max");
    period = strchr(file_text, ' ');
    readings->cpu_limit_millicores = period == NULL
        ? ABSENT
        : millicores(text_first_number(file_text), text_first_number(period + 1));
}

// Reads the counters that a kill moves, and nothing else: this is on the way of an urgent message.
void cgroup_read_events(const struct cgroup* cgroup, struct readings* readings)
{
    if (cgroup->version == 1) {
        read_text(cgroup->memory, "memory.oom_control");
        readings->oom_kill = text_value_of(file_text, "oom_kill ");
        return;
    }
    read_text(cgroup->memory, "memory.events");
    readings->max_events = text_value_of(file_text, "max ");
    readings->high_events = text_value_of(file_text, "high ");
    readings->oom = text_value_of(file_text, "oom ");
    readings->oom_kill = text_value_of(file_text, "oom_kill ");
    readings->oom_group_kill = text_value_of(file_text, "oom_group_kill ");
}

// Reads what moves quickly.
void cgroup_read(const struct cgroup* cgroup, struct readings* readings)
{
    if (cgroup->version == 1) {
        read_memory_v1(cgroup->memory, readings);
        read_cpu_v1(cgroup, readings);
    } else {
        read_memory_v2(cgroup->memory, readings);
        read_cpu_v2(cgroup->cpu, readings);
    }
    cgroup_read_events(cgroup, readings);
}

// Reads what moves slowly, or what nobody steers by: limits, peaks, swap, averages over ten
// seconds, the number of processes. To open a file costs more than to read it.
void cgroup_read_slow(const struct cgroup* cgroup, struct readings* readings)
{
    if (cgroup->version == 1)
        read_slow_v1(cgroup, readings);
    else
        read_slow_v2(cgroup, readings);
    readings->pids_current = number(cgroup->pids, "pids.current");
    readings->pids_limit = number(cgroup->pids, "pids.max");
}

void cgroup_forget(struct readings* readings)
{
    _Static_assert(sizeof(*readings) % sizeof(int64_t) == 0, "readings hold numbers alone");
    for (size_t i = 0; i < sizeof(*readings) / sizeof(int64_t); i++)
        ((int64_t*)readings)[i] = ABSENT;
}

int64_t cgroup_usage(const struct cgroup* cgroup)
{
    return number(
        cgroup->memory, cgroup->version == 1 ? "memory.usage_in_bytes" : "memory.current");
}

// memory.oom.group of the target: 1, 0, or ABSENT on version 1.
int64_t cgroup_oom_group(const struct cgroup* cgroup)
{
    return number(cgroup->memory, "memory.oom.group");
}
