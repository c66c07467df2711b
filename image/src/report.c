#include "report.h"

#include "clock.h"
#include "files.h"
#include "message.h"
#include "processes.h"
#include "text.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

static const char* const membership_names[] = { "same", "different", "unreadable" };
static const char* const phase_names[] = { "baseline", "ramp", "hold", "release", "settle" };

static int64_t cpu_count(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : ABSENT;
}

static void hello_node(int64_t swap_bytes)
{
    file_read(AT_FDCWD, "/proc/meminfo", file_text, sizeof(file_text));
    message_number("node_total_bytes", text_kib_of(file_text, "MemTotal:"));
    message_number("node_available_bytes", text_kib_of(file_text, "MemAvailable:"));
    message_number("node_swap_total_bytes", swap_bytes);
}

static int64_t oom_score_adj_of(int64_t pid)
{
    int64_t value;

    return process_oom_score_adj(pid, &value) == 0 ? value : ABSENT;
}

// Says hello.
void report_hello(const struct session* session, enum membership mount_namespace)
{
    int64_t target_pid = session->options->target_pid;

    message_begin("hello");
    message_number("protocol", 1);
    message_text("version", AGENT_VERSION);
    message_number("pid", getpid());
    message_number("uid", getuid());
    message_number("gid", getgid());
    message_number("page_size_bytes", sysconf(_SC_PAGESIZE));
    message_number("cpus", cpu_count());
    message_number("cgroup_version", session->cgroup.version);
    message_number("oom_score_adj", oom_score_adj_of(getpid()));
    message_maybe_bool("oom_group", readings_oom_group(&session->cgroup));
    hello_node(session->node_swap_bytes);
    message_open("target", '{');
    message_number("pid", target_pid);
    message_number("oom_score_adj", oom_score_adj_of(target_pid));
    message_number("start_time_ticks", session->target_start_ticks);
    message_number("uid", process_id_of(target_pid, "Uid:\t"));
    message_number("gid", process_id_of(target_pid, "Gid:\t"));
    message_close('}');
    message_open("membership", '{');
    message_text("cgroup", membership_names[session->membership]);
    message_text("pid_namespace", membership_names[membership_of_namespace(target_pid, "ns/pid")]);
    message_text("mount_namespace", membership_names[mount_namespace]);
    message_close('}');
    message_number("holder_pid", session->holder_pid);
    message_end(500);
}

static const char* ending_name(enum ending ending)
{
    switch (ending) {
    case ENDING_DURATION:
        return "duration";
    case ENDING_STOPPED:
        return "stopped";
    case ENDING_USAGE:
        return "usage";
    case ENDING_NOT_A_MEMBER:
        return "not-a-member";
    case ENDING_NO_MEMORY:
        return "no-memory";
    case ENDING_WORKERS_KILLED:
        return "workers-killed";
    case ENDING_OOM_SCORE_ADJ:
        return "oom-score-adj";
    case ENDING_STDIN_CLOSED:
        return "stdin-closed";
    case ENDING_HEARTBEAT_LOST:
        return "heartbeat-lost";
    case ENDING_DEADLINE:
        return "deadline";
    case ENDING_TARGET_GONE:
        return "target-gone";
    case ENDING_SIGNAL:
        return "signal";
    case ENDING_NONE:
    case ENDING_INTERNAL:
        break;
    }
    return "internal";
}

// Says goodbye. Returns the exit code.
int report_bye(struct session* session)
{
    int exit_code = session->ending == ENDING_STOPPED ? 0 : (int)session->ending;

    if (session->ending == ENDING_NONE)
        exit_code = ENDING_INTERNAL;
    message_begin("bye");
    message_text("reason", ending_name(session->ending));
    message_number("exit_code", exit_code);
    message_number("held_max_bytes", session->held_max_bytes);
    message_number("dropped", message_dropped());
    message_end(500);
    return exit_code;
}

static void tell_held(struct session* session)
{
    int64_t held_bytes = workers_held_bytes();

    if (held_bytes > session->held_max_bytes)
        session->held_max_bytes = held_bytes;
    message_number("held_bytes", held_bytes);
}

static void sample_load(struct session* session)
{
    message_open("load", '{');
    message_number("size_bytes", session_is_cpu(session) ? 0 : session->wanted);
    tell_held(session);
    message_number("workers", session->workers.alive);
    if (session_is_cpu(session)) {
        message_thousandths("load_percent", session->wanted);
        message_number("used_us", workers_used_us());
    }
    message_close('}');
}

static void sample_memory(const struct readings* readings)
{
    message_open("memory", '{');
    message_number("usage_bytes", readings->usage_bytes);
    message_number("peak_bytes", readings->peak_bytes);
    message_number("limit_bytes", readings->limit_bytes);
    message_number("high_bytes", readings->high_bytes);
    message_number("swap_bytes", readings->swap_bytes);
    message_number("swap_limit_bytes", readings->swap_limit_bytes);
    message_number("anon_bytes", readings->anon_bytes);
    message_number("file_bytes", readings->file_bytes);
    message_number("inactive_file_bytes", readings->inactive_file_bytes);
    message_number("shmem_bytes", readings->shmem_bytes);
    message_number("kernel_bytes", readings->kernel_bytes);
    message_number("pagetables_bytes", readings->pagetables_bytes);
    message_number("slab_bytes", readings->slab_bytes);
    message_number("max_events", readings->max_events);
    message_number("high_events", readings->high_events);
    message_number("oom", readings->oom);
    message_number("oom_kill", readings->oom_kill);
    message_number("oom_group_kill", readings->oom_group_kill);
    message_hundredths("pressure_some_avg10_percent", readings->pressure_some_hundredths);
    message_hundredths("pressure_full_avg10_percent", readings->pressure_full_hundredths);
    message_close('}');
}

static void sample_cpu(const struct readings* readings)
{
    message_open("cpu", '{');
    message_number("usage_us", readings->cpu_usage_us);
    message_number("nr_periods", readings->cpu_nr_periods);
    message_number("nr_throttled", readings->cpu_nr_throttled);
    message_number("throttled_us", readings->cpu_throttled_us);
    message_number("limit_millicores", readings->cpu_limit_millicores);
    message_close('}');
}

static int64_t node_available_bytes(void)
{
    file_read(AT_FDCWD, "/proc/meminfo", file_text, sizeof(file_text));
    return text_kib_of(file_text, "MemAvailable:");
}

// Reads the target's cgroup and prints it, waiting at most `wait_ms` for a slow reader.
void report_sample(struct session* session, int wait_ms)
{
    const struct readings* readings = &session->readings;

    int64_t now = now_ms();

    if (now >= session->next_slow_ms) {
        session->next_slow_ms = next_due(session->next_slow_ms, SECOND_MS, now);
        readings_take_slow(&session->cgroup, &session->readings);
        session->node_available_bytes = node_available_bytes();
    }
    readings_take(&session->cgroup, &session->readings);
    message_begin("sample");
    message_text("phase", phase_names[session->phase]);
    sample_load(session);
    sample_memory(readings);
    sample_cpu(readings);
    message_open("pids", '{');
    message_number("current", readings->pids_current);
    message_number("limit", readings->pids_limit);
    message_close('}');
    message_number("node_available_bytes", session->node_available_bytes);
    message_maybe_bool("cgroup_same",
        session->membership == MEMBERSHIP_UNREADABLE ? ABSENT
                                                     : session->membership == MEMBERSHIP_SAME);
    message_number("dropped", message_dropped());
    message_end(wait_ms);
}

// Enters a phase and says so. `step` counts the steps of a staircase from 1; ABSENT without one.
void report_phase(struct session* session, enum phase phase, int64_t step)
{
    session->phase = phase;
    message_begin("phase");
    message_text("phase", phase_names[phase]);
    tell_held(session);
    if (step != ABSENT)
        message_number("step", step);
    message_end(100);
}
