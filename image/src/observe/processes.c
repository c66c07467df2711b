#include "observe/processes.h"

#include "kernel/files.h"
#include "kernel/lines.h"
#include "observe/membership.h"
#include "words/buffers.h"
#include "words/text.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RANKED_MAX = 50, COMMAND_SIZE = 68 };

struct process {
    int64_t pid;
    int64_t rss_bytes;
    int64_t swap_bytes;
    int64_t pagetables_bytes;
    int64_t oom_score_adj;
    int64_t badness_bytes;
    bool is_own; // this process, or a worker of it
    char command[COMMAND_SIZE];
};

struct ranking {
    int count;
    bool is_shared; // the namespace: there are others beside the target's and ours
    int64_t limit_bytes;
    struct process processes[RANKED_MAX]; // the last, since they are seldom as many
};

static dev_t own_device;
static ino_t own_inode;
static enum agent_kind own_kind;

// What a process of this very binary is doing, by its first argument.
enum agent_kind process_agent_kind(int64_t pid)
{
    struct stat exe;
    char arguments[512];
    int length;

    if (stat(proc_path(pid, "exe"), &exe) != 0 || exe.st_ino != own_inode
        || exe.st_dev != own_device)
        return AGENT_NONE;
    length = proc_read(pid, "cmdline", arguments, sizeof(arguments));
    for (int i = 0; i + 1 < length; i++) {
        if (arguments[i] != '\0')
            continue;
        if (text_equal(arguments + i + 1, "hold"))
            return AGENT_HOLD;
        if (text_equal(arguments + i + 1, "run"))
            return AGENT_RUN;
        if (text_equal(arguments + i + 1, "probe"))
            return AGENT_PROBE;
        break;
    }
    return AGENT_NONE;
}

// Says what this process is itself.
void processes_init(enum agent_kind kind)
{
    struct stat own;

    if (stat("/proc/self/exe", &own) == 0) {
        own_device = own.st_dev;
        own_inode = own.st_ino;
    }
    own_kind = kind;
}

static void visit_holder(int64_t pid, void* context)
{
    int64_t* lowest = context;

    if ((*lowest == ABSENT || pid < *lowest) && process_agent_kind(pid) == AGENT_HOLD)
        *lowest = pid;
}

// The lowest process ID that runs this binary as `hold`, or ABSENT.
int64_t process_find_holder(void)
{
    int64_t lowest = ABSENT;

    proc_each(visit_holder, &lowest);
    return lowest;
}

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

// Field 22 of /proc/PID/stat. With the process ID it names a process for good. A zombie is gone.
int64_t process_start_time_ticks(int64_t pid)
{
    const char* fields = stat_fields(pid);

    if (fields == NULL || *fields == 'Z' || *fields == 'X')
        return ABSENT;
    return stat_number(fields, 22);
}

// The signal by which a process is ending already, by field 52 of /proc/PID/stat (its exit code in
// the form of waitpid); 0 where there is none, or where it may not be seen.
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

static void visit_oldest(int64_t pid, void* context)
{
    struct oldest* oldest = context;
    int64_t start_ticks;

    if (proc_read(pid, "cgroup", file_text, sizeof(file_text)) <= 0
        || strstr(file_text, oldest->container_id) == NULL)
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

// The first process of a container: the oldest one in a cgroup that bears the container's ID. In a
// process namespace that is shared, process 1 is another's. Returns ABSENT where there is none.
int64_t process_find_target(const char* container_id)
{
    struct oldest oldest = { container_id, ABSENT, ABSENT };

    proc_each(visit_oldest, &oldest);
    return oldest.pid;
}

// The real user ID (key "Uid:\t") or group ID ("Gid:\t") of a process. Everybody may read it.
int64_t process_id_of(int64_t pid, const char* key)
{
    if (proc_read(pid, "status", file_text, sizeof(file_text)) <= 0)
        return ABSENT;
    return text_value_of(file_text, key);
}

// Returns 0 or -errno.
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

static void visit_run(int64_t pid, void* context)
{
    (void)context;
    if (process_agent_kind(pid) == AGENT_RUN)
        kill((pid_t)pid, SIGTERM); // workers have it blocked: only the supervisor takes it
}

// Asks every load of ours that we may signal to end.
void processes_stop_runs(void) { proc_each(visit_run, NULL); }

// Asks our holder to end. Returns false where there is none, or none that we may signal.
bool processes_end_holder(void)
{
    int64_t holder = process_find_holder();

    return holder != ABSENT && kill((pid_t)holder, SIGTERM) == 0;
}

// The kernel's oom_badness() for an OOM of a cgroup with this limit, in its own integer
// arithmetic: in pages, with the limit divided first.
static int64_t badness_bytes(const struct process* process, int64_t limit_bytes)
{
    int64_t page = sysconf(_SC_PAGESIZE);
    int64_t pages;

    if (limit_bytes == ABSENT || process->oom_score_adj == ABSENT
        || process->oom_score_adj == -1000)
        return ABSENT;
    pages = (process->rss_bytes + process->swap_bytes + process->pagetables_bytes) / page;
    pages += process->oom_score_adj * (limit_bytes / page / 1000);
    return pages * page;
}

// True where `a` dies before `b`. Without badness the larger one is shown first.
static bool ranks_before(const struct process* a, const struct process* b)
{
    if (a->badness_bytes != b->badness_bytes)
        return a->badness_bytes > b->badness_bytes;
    return a->rss_bytes > b->rss_bytes;
}

static void insert(struct ranking* ranking, const struct process* process)
{
    int at = ranking->count;

    if (at == RANKED_MAX) {
        if (!ranks_before(process, &ranking->processes[at - 1]))
            return;
        at--;
    } else {
        ranking->count++;
    }
    for (; at > 0 && ranks_before(process, &ranking->processes[at - 1]); at--)
        ranking->processes[at] = ranking->processes[at - 1];
    ranking->processes[at] = *process;
}

static int64_t zero_if_absent(int64_t value) { return value == ABSENT ? 0 : value; }

static void visit_process(int64_t pid, void* context)
{
    struct ranking* ranking = context;
    struct process process = { .pid = pid };
    const char* name = file_text + strlen("Name:\t");
    size_t length;

    if (ranking->is_shared && process_agent_kind(pid) == AGENT_NONE
        && membership_of_cgroup(pid) == MEMBERSHIP_DIFFERENT)
        return;
    if (proc_read(pid, "status", file_text, sizeof(file_text)) <= 0
        || !text_starts_with(file_text, "Name:\t"))
        return;
    process.rss_bytes = text_kib_of(file_text, "VmRSS:");
    if (process.rss_bytes == ABSENT)
        return; // a kernel thread or a zombie: nothing that could be killed for memory
    process.swap_bytes = zero_if_absent(text_kib_of(file_text, "VmSwap:"));
    process.pagetables_bytes = zero_if_absent(text_kib_of(file_text, "VmPTE:"));
    process.is_own = pid == getpid() || text_value_of(file_text, "PPid:\t") == getpid();
    length = strcspn(name, "\n");
    for (size_t i = 0; i < length && i < COMMAND_SIZE - 1; i++)
        process.command[i] = name[i];
    if (process_oom_score_adj(pid, &process.oom_score_adj) != 0)
        process.oom_score_adj = ABSENT;
    process.badness_bytes = badness_bytes(&process, ranking->limit_bytes);
    insert(ranking, &process);
}

static const char* role_of(const struct process* process, int64_t target_pid)
{
    enum agent_kind kind;

    if (process->pid == target_pid)
        return "target";
    kind = process->is_own ? own_kind : process_agent_kind(process->pid);
    return kind == AGENT_NONE ? "other" : kind == AGENT_RUN ? "load" : "holder";
}

// Prints the `processes` line: the 50 that would die first. In a process namespace that is shared
// the processes of other containers, or of the whole machine, are left out.
void processes_report(int64_t target_pid, int64_t limit_bytes)
{
    PAGE_BUFFER static struct ranking ranking;

    ranking.count = 0;
    ranking.limit_bytes = limit_bytes;
    ranking.is_shared = target_pid != 1;
    if (ranking.is_shared)
        membership_read_target(target_pid);
    proc_each(visit_process, &ranking);
    line_begin("processes");
    line_open("processes", '[');
    for (int i = 0; i < ranking.count; i++) {
        const struct process* process = &ranking.processes[i];

        line_open(NULL, '{');
        line_number("pid", process->pid);
        line_text("command", process->command);
        line_text("role", role_of(process, target_pid));
        line_number("rss_bytes", process->rss_bytes);
        line_number("swap_bytes", process->swap_bytes);
        line_number("pagetables_bytes", process->pagetables_bytes);
        line_number("oom_score_adj", process->oom_score_adj);
        line_number("badness_bytes", process->badness_bytes);
        line_close('}');
    }
    line_close(']');
    line_end(0);
}
