#include "observe/agents.h"

#include "kernel/files.h"
#include "observe/membership.h"
#include "observe/processes.h"
#include "words/buffers.h"
#include "words/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BEGINNING_SIZE = 512, // of the program file: agent.ld puts the mark there
    LARGEST_PROGRAM = 1 << 20, // no need to open others
};

__attribute__((used, section(".mark"))) static const char mark[] = "kubectl-stress agent program\n";

enum likeness { FOREIGN, COPY, SAME_FILE };

// Another copy of the program bears the mark; a build without agent.ld knows only its own file.
static enum likeness likeness_of(int64_t pid)
{
    struct stat own;
    struct stat other;
    int length;

    if (stat(proc_path(pid, "exe"), &other) != 0 || stat("/proc/self/exe", &own) != 0)
        return FOREIGN;
    if (other.st_ino == own.st_ino && other.st_dev == own.st_dev)
        return SAME_FILE;
    if (other.st_size > LARGEST_PROGRAM)
        return FOREIGN;
    length = proc_read(pid, "exe", file_text, BEGINNING_SIZE);
    return length > 0 && memmem(file_text, (size_t)length, mark, sizeof(mark) - 1) != NULL
        ? COPY
        : FOREIGN;
}

// The argument after NAME among those of /proc/PID/cmdline in `file_text`, or NULL. An option
// without a value is found as well.
static const char* argument_after(const char* name, int length)
{
    for (const char* at = file_text; at - file_text < length; at += strlen(at) + 1)
        if (text_equal(at, name))
            return at + strlen(at) + 1;
    return NULL;
}

static enum agent_kind kind_in_arguments(int length)
{
    const char* command = file_text + strlen(file_text) + 1;

    if (command - file_text >= length)
        return AGENT_NONE;
    if (text_equal(command, "hold"))
        return AGENT_HOLD;
    if (text_equal(command, "run"))
        return AGENT_RUN;
    return text_equal(command, "probe") ? AGENT_PROBE : AGENT_NONE;
}

static int read_arguments(int64_t pid)
{
    return proc_read(pid, "cmdline", file_text, FILE_TEXT_SIZE);
}

enum agent_kind agent_kind(int64_t pid)
{
    return likeness_of(pid) == FOREIGN ? AGENT_NONE : kind_in_arguments(read_arguments(pid));
}

void agent_default_run(int64_t pid, char run[ID_MAX_BYTES + 1])
{
    int64_t ticks = process_start_time_ticks(pid);
    size_t length = text_append_number(run, ID_MAX_BYTES + 1, 0, (uint64_t)pid);

    length = text_append(run, ID_MAX_BYTES + 1, length, "-");
    text_append_number(run, ID_MAX_BYTES + 1, length, ticks == ABSENT ? 0 : (uint64_t)ticks);
}

bool agent_read(int64_t pid, struct agent* agent)
{
    const char* run;
    const char* started_by;
    int length;

    *agent = (struct agent) { .kind = agent_kind(pid), .pid = pid };
    if (agent->kind == AGENT_NONE)
        return false;
    if (agent->kind == AGENT_RUN) {
        int64_t parent = process_id_of(pid, "PPid:\t");

        if (agent_kind(parent) == AGENT_RUN)
            agent->pid = parent;
    }
    length = read_arguments(agent->pid);
    run = argument_after("--run-id", length);
    started_by = argument_after("--started-by", length);
    agent->detached = argument_after("--detach", length) != NULL;
    if (started_by != NULL)
        text_append(agent->started_by, sizeof(agent->started_by), 0, started_by);
    if (run != NULL)
        text_append(agent->run, sizeof(agent->run), 0, run);
    else
        agent_default_run(agent->pid, agent->run);
    return true;
}

static void visit_holder(int64_t pid, void* context)
{
    int64_t* lowest = context; // by likeness
    enum likeness likeness = likeness_of(pid);

    if (likeness != FOREIGN && (lowest[likeness] == ABSENT || pid < lowest[likeness])
        && kind_in_arguments(read_arguments(pid)) == AGENT_HOLD)
        lowest[likeness] = pid;
}

int64_t agents_find_holder(bool of_this_file)
{
    int64_t lowest[] = { [COPY] = ABSENT, [SAME_FILE] = ABSENT };

    proc_each(visit_holder, lowest);
    return of_this_file || lowest[SAME_FILE] != ABSENT ? lowest[SAME_FILE] : lowest[COPY];
}

struct run_visit {
    void (*visit)(const struct agent* agent, void* context);
    void* context;
    const char* own_path; // of our cgroup, or NULL where that cannot be read
};

// Returns false where the path is not there, or cannot be read.
static bool read_cgroup_path(int64_t pid, char path[CGROUP_PATH_SIZE])
{
    return proc_read(pid, "cgroup", file_text, FILE_TEXT_SIZE) > 0
        && cgroup_path_of(file_text, "memory", path);
}

static bool is_of_own_pod(int64_t pid, const char* own_path)
{
    BUFFER static char path[CGROUP_PATH_SIZE];

    return own_path == NULL || (read_cgroup_path(pid, path) && cgroup_is_of_pod(own_path, path));
}

static void visit_run(int64_t pid, void* context)
{
    const struct run_visit* visit = context;
    struct agent agent;

    if (agent_read(pid, &agent) && agent.kind == AGENT_RUN && agent.pid == pid
        && is_of_own_pod(pid, visit->own_path))
        visit->visit(&agent, visit->context);
}

void agents_each_run(void (*visit)(const struct agent* agent, void* context), void* context)
{
    BUFFER static char own_path[CGROUP_PATH_SIZE];
    struct run_visit each
        = { visit, context, read_cgroup_path(getpid(), own_path) ? own_path : NULL };

    proc_each(visit_run, &each);
}
