#include "observe/membership.h"

#include "kernel/files.h"
#include "words/buffers.h"
#include "words/text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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

// CRI-O with crun puts the processes of a container one directory deeper than others.
enum { DEPTH_IN_POD_MAX = 2 };

bool cgroup_is_of_pod(const char* own, const char* other)
{
    int up = 0; // how many directories above OWN both lie in

    while (*own == '/' && *other == '/') {
        size_t length = 1 + strcspn(own + 1, "/");

        if (length != 1 + strcspn(other + 1, "/") || strncmp(own, other, length) != 0)
            break;
        own += length;
        other += length;
    }
    for (; *own != '\0'; own++)
        up += own[0] == '/' && own[1] != '\0';
    for (; text_starts_with(other, "/.."); other += strlen("/.."))
        up++;
    return up <= DEPTH_IN_POD_MAX && strstr(other, "/pod") == NULL && strstr(other, "-pod") == NULL;
}

#define CGROUP_ROOT "/sys/fs/cgroup" // as our own namespaces show it

// The cgroups of memory and of CPU of a process.
struct cgroups {
    bool found[2];
    char paths[2][CGROUP_PATH_SIZE];
};

HALF_PAGE_BUFFER static struct cgroups cgroups[2];
static struct cgroups* const own = &cgroups[0];
static struct cgroups* const target = &cgroups[1];
static int64_t target_pid;

// Returns false where there is neither, or where they cannot be read.
static bool read_cgroups(int64_t pid, struct cgroups* read)
{
    static const char* const controllers[] = { "memory", "cpu" };
    static int kept[2]; // of the target and of ourselves: both are read each second

    if (pid == target_pid || pid == getpid())
        file_read_again(&kept[pid == target_pid], AT_FDCWD, proc_path(pid, "cgroup"), file_text,
            sizeof(file_text));
    else
        proc_read(pid, "cgroup", file_text, sizeof(file_text));
    for (int i = 0; i < 2; i++)
        read->found[i] = cgroup_path_of(file_text, controllers[i], read->paths[i]);
    return read->found[0] || read->found[1];
}

void membership_read_target(int64_t pid)
{
    target_pid = pid;
    read_cgroups(pid, target);
}

enum membership membership_of_namespace(int64_t pid, const char* name)
{
    char own_link[64];
    char target_link[64];
    ssize_t own_length = readlink(proc_path((int64_t)getpid(), name), own_link, sizeof(own_link));
    ssize_t target_length = readlink(proc_path(pid, name), target_link, sizeof(target_link));

    if (own_length <= 0 || target_length <= 0)
        return MEMBERSHIP_UNREADABLE;
    if (own_length != target_length || memcmp(own_link, target_link, (size_t)own_length) != 0)
        return MEMBERSHIP_DIFFERENT;
    return MEMBERSHIP_SAME;
}

// True where the root of the cgroups that we see is the target's own container. The root of a
// machine is none: it has no limit, and what is above the target there is its pod or its node.
static bool is_root_of_target(bool with_limit)
{
    int64_t limit;

    if (membership_of_namespace(target_pid, "ns/cgroup") != MEMBERSHIP_SAME)
        return false;
    limit = file_number(AT_FDCWD, CGROUP_ROOT "/memory.max");
    return limit != ABSENT || (!with_limit && file_exists(AT_FDCWD, CGROUP_ROOT "/memory.max"));
}

static bool is_below(const char* path, const char* above)
{
    size_t length = strlen(above);

    return text_equal(above, "/") || (strncmp(path, above, length) == 0 && path[length] == '/');
}

static enum membership compare(const char* path, const char* target_path)
{
    if (text_equal(path, target_path))
        return MEMBERSHIP_SAME;
    if (strstr(path, "/..") != NULL || strstr(target_path, "/..") != NULL)
        return MEMBERSHIP_DIFFERENT;
    if (is_below(path, target_path) && (!text_equal(target_path, "/") || is_root_of_target(false)))
        return MEMBERSHIP_INSIDE;
    if (text_equal(path, "/") && is_root_of_target(true))
        return MEMBERSHIP_ABOVE;
    return MEMBERSHIP_DIFFERENT;
}

enum membership membership_of_cgroup(int64_t pid)
{
    bool target_found = target->found[0] || target->found[1];
    enum membership result = MEMBERSHIP_SAME;

    if (!read_cgroups(pid, own) || !target_found)
        return MEMBERSHIP_UNREADABLE;
    for (int i = 0; i < 2; i++) {
        enum membership found = MEMBERSHIP_SAME;

        if (own->found[i] != target->found[i])
            found = MEMBERSHIP_DIFFERENT;
        else if (own->found[i])
            found = compare(own->paths[i], target->paths[i]);
        if (found > result)
            result = found;
    }
    return result;
}
