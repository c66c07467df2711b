#include "observe/processes.h"

#include "kernel/files.h"
#include "words/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static enum agent_kind own_kind;

void processes_init(enum agent_kind kind) { own_kind = kind; }

enum agent_kind process_own_kind(void) { return own_kind; }

// The text of /proc/PID/stat after "(comm) ": a name may hold blanks and brackets itself.
static const char* stat_fields(int64_t pid)
{
    char* end;

    if (proc_read(pid, "stat", file_text, sizeof(file_text)) <= 0)
        return NULL;
    end = strrchr(file_text, ')');
    return end == NULL || end[1] == '\0' ? NULL : end + 2;
}

// A number among the fields that begin with the third; they are counted as in proc(5).
static int64_t stat_number(const char* field, int number)
{
    for (int blanks = number - 3; blanks > 0 && field != NULL; blanks--) {
        field = strchr(field, ' ');
        if (field != NULL)
            field++;
    }
    return field == NULL ? ABSENT : text_first_number(field);
}

int64_t process_start_time_ticks(int64_t pid)
{
    const char* fields = stat_fields(pid);

    if (fields == NULL || *fields == 'Z' || *fields == 'X')
        return ABSENT;
    return stat_number(fields, 22);
}

int64_t process_ending_signal(int64_t pid)
{
    int64_t code = stat_number(stat_fields(pid), 52);

    return code == ABSENT ? 0 : code & 0x7f;
}

struct oldest {
    const char* container_id;
    int64_t pid;
    int64_t start_ticks;
};

// The monitor that CRI-O starts before a container lives in a cgroup of its own, as
// "crio-conmon-ID.scope" or "crio-conmon-ID", Podman's as "libpod-conmon-ID.scope".
static bool is_in_container(const char* cgroups, const char* container_id)
{
    static const char monitor[] = "conmon-";
    const size_t length = sizeof(monitor) - 1;

    for (const char* at = cgroups; (at = strstr(at, container_id)) != NULL; at++)
        if ((size_t)(at - cgroups) < length || strncmp(at - length, monitor, length) != 0)
            return true;
    return false;
}

static void visit_oldest(int64_t pid, void* context)
{
    struct oldest* oldest = context;
    int64_t start_ticks;

    if (proc_read(pid, "cgroup", file_text, sizeof(file_text)) <= 0
        || !is_in_container(file_text, oldest->container_id))
        return;
    start_ticks = process_start_time_ticks(pid);
    if (start_ticks == ABSENT)
        return;
    if (oldest->pid == ABSENT || start_ticks < oldest->start_ticks
        || (start_ticks == oldest->start_ticks && pid < oldest->pid)) {
        oldest->pid = pid;
        oldest->start_ticks = start_ticks;
    }
}

int64_t process_find_target(const char* container_id)
{
    struct oldest oldest = { container_id, ABSENT, ABSENT };

    proc_each(visit_oldest, &oldest);
    return oldest.pid;
}

int64_t process_id_of(int64_t pid, const char* key)
{
    if (proc_read(pid, "status", file_text, sizeof(file_text)) <= 0)
        return ABSENT;
    return text_value_of(file_text, key);
}

int process_oom_score_adj(int64_t pid, int64_t* value)
{
    char number[16];
    int length = proc_read(pid, "oom_score_adj", number, sizeof(number));
    bool negative = number[0] == '-';

    if (length <= 0)
        return length < 0 ? length : -ESRCH;
    *value = text_first_number(number + negative);
    if (*value == ABSENT)
        return -EINVAL;
    if (negative)
        *value = -*value;
    return 0;
}

bool process_may_write_stdout(int64_t pid)
{
    int64_t flags;

    if (proc_read(pid, "fdinfo/1", file_text, sizeof(file_text)) <= 0)
        return false;
    flags = text_value_of(file_text, "flags:\t"); // octal, and the mode is in its last digit
    return flags != ABSENT && (flags % 10 & O_ACCMODE) != O_RDONLY;
}
