#include "observe/membership.h"

#include "kernel/files.h"
#include "words/buffers.h"
#include "words/text.h"

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

// The cgroups of memory and of CPU of a process.
struct cgroups {
    bool found[2];
    char paths[2][CGROUP_PATH_SIZE];
};

PAGE_BUFFER static struct cgroups cgroups[2]; // on one page
static struct cgroups* const own = &cgroups[0];
static struct cgroups* const target = &cgroups[1];

// Returns false where there is neither, or where they cannot be read.
static bool read_cgroups(int64_t pid, struct cgroups* read)
{
    static const char* const controllers[] = { "memory", "cpu" };

    proc_read(pid, "cgroup", file_text, sizeof(file_text));
    for (int i = 0; i < 2; i++)
        read->found[i] = cgroup_path_of(file_text, controllers[i], read->paths[i]);
    return read->found[0] || read->found[1];
}

// Reads where the target is now, for all comparisons with it until this is called again.
void membership_read_target(int64_t target_pid) { read_cgroups(target_pid, target); }

// Compares the cgroups of a process with the target's.
enum membership membership_of_cgroup(int64_t pid)
{
    bool target_found = target->found[0] || target->found[1];

    if (!read_cgroups(pid, own) || !target_found)
        return MEMBERSHIP_UNREADABLE;
    for (int i = 0; i < 2; i++)
        if (own->found[i] != target->found[i]
            || (own->found[i] && !text_equal(own->paths[i], target->paths[i])))
            return MEMBERSHIP_DIFFERENT;
    return MEMBERSHIP_SAME;
}

// Compares a namespace by its link, like "pid:[4026531836]". An image that drops its user ID in its
// entrypoint hides the link: that is no difference.
enum membership membership_of_namespace(int64_t target_pid, const char* name)
{
    char own_link[64];
    char target_link[64];
    ssize_t own_length = readlink(proc_path((int64_t)getpid(), name), own_link, sizeof(own_link));
    ssize_t target_length = readlink(proc_path(target_pid, name), target_link, sizeof(target_link));

    if (own_length <= 0 || target_length <= 0)
        return MEMBERSHIP_UNREADABLE;
    if (own_length != target_length || memcmp(own_link, target_link, (size_t)own_length) != 0)
        return MEMBERSHIP_DIFFERENT;
    return MEMBERSHIP_SAME;
}
