#include "tell/report.h"

#include "kernel/files.h"
#include "kernel/lines.h"
#include "observe/processes.h"
#include "observe/victims.h"
#include "words/clock.h"
#include "words/text.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

static const char* const membership_names[]
    = { "same", "inside", "above", "different", "unreadable" };
static const char* const metric_names[] = { "working-set", "usage" };
static const char* const level_state_names[] = { "below", "at", "above" };
static const char* const shortage_names[] = { NULL, "quota", "contention", "cpus" };
static const char* const phase_names[]
    = { "ready", "baseline", "ramp", "hold", "release", "settle" };

static int64_t cpu_count(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : ABSENT;
}

static void hello_node(int64_t swap_bytes)
{
    file_read(AT_FDCWD, "/proc/meminfo", file_text, sizeof(file_text));
    line_number("node_total_bytes", text_kib_of(file_text, "MemTotal:"));
    line_number("node_available_bytes", text_kib_of(file_text, "MemAvailable:"));
    line_number("node_swap_total_bytes", swap_bytes);
}

static int64_t oom_score_adj_of(int64_t pid)
{
    int64_t value;

    return process_oom_score_adj(pid, &value) == 0 ? value : ABSENT;
}

static void begin_hello(const char* command, const char* started_by)
{
    static const char* const features[] = { "go", "ids", "arrived", "hold", "both", "level",
        "cpu-level", "holder", "pressure", "first" };

    line_begin("hello");
    line_number("protocol", PROTOCOL);
    line_text("version", AGENT_VERSION);
    line_open("features", '[');
    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
        line_text(NULL, features[i]);
    line_close(']');
    line_text("command", command);
    line_text("started_by", started_by);
    line_number("pid", getpid());
    line_number("uid", getuid());
    line_number("gid", getgid());
}

void report_hello_holder(void)
{
    begin_hello("hold", NULL);
    line_end(0);
}

static const char* command_name(enum command command)
{
    return command == COMMAND_RUN ? "run" : command == COMMAND_PROBE ? "probe" : "hold";
}

void report_hello(const struct session* session)
{
    int64_t target_pid = session->options->target_pid;

    begin_hello(command_name(session->options->command), session->options->started_by);
    line_number("page_size_bytes", getpagesize());
    line_number("cpus", cpu_count());
    line_number("cgroup_version", session->cgroup.version);
    line_number("oom_score_adj", oom_score_adj_of(getpid()));
    line_maybe_bool("oom_group", readings_oom_group(&session->cgroup));
    hello_node(session->node_swap_bytes);
    line_open("target", '{');
    line_number("pid", target_pid);
    line_number("oom_score_adj", oom_score_adj_of(target_pid));
    line_number("start_time_ticks", session->target_start_ticks);
    line_number("uid", process_id_of(target_pid, "Uid:\t"));
    line_number("gid", process_id_of(target_pid, "Gid:\t"));
    line_close('}');
    line_open("membership", '{');
    line_text("cgroup", membership_names[session->membership]);
    line_text("pid_namespace", membership_names[membership_of_namespace(target_pid, "ns/pid")]);
    line_text("mount_namespace", membership_names[session->mount_namespace]);
    line_close('}');
    line_number("holder_pid", session->holder_pid);
    line_open("guards", '{');
    line_bool("parent_death", session->has_parent_death);
    line_bool("target_pidfd", session->target >= 0);
    line_close('}');
    line_end(500);
}

static const char* reason_name(enum reason reason)
{
    switch (reason) {
    case REASON_DURATION:
        return "duration";
    case REASON_STOPPED:
        return "stopped";
    case REASON_USAGE:
        return "usage";
    case REASON_NOT_A_MEMBER:
        return "not-a-member";
    case REASON_NO_MEMORY:
        return "no-memory";
    case REASON_WORKERS_KILLED:
        return "workers-killed";
    case REASON_OOM_SCORE_ADJ:
        return "oom-score-adj";
    case REASON_REFUSED:
        return "refused";
    case REASON_STDIN_CLOSED:
        return "stdin-closed";
    case REASON_HEARTBEAT_LOST:
        return "heartbeat-lost";
    case REASON_DEADLINE:
        return "deadline";
    case REASON_TARGET_GONE:
        return "target-gone";
    case REASON_SIGNAL:
        return "signal";
    case REASON_NO_GO:
        return "no-go";
    case REASON_PARTED:
        return "parted";
    case REASON_NONE:
    case REASON_INTERNAL:
        break;
    }
    return "internal";
}

int report_bye(const struct session* session)
{
    int exit_code = session->reason == REASON_STOPPED ? 0 : (int)session->reason;

    if (session->reason == REASON_NONE)
        exit_code = REASON_INTERNAL;
    line_begin("bye");
    line_text("reason", reason_name(session->reason));
    line_text("load_reason",
        session->load_reason == REASON_NONE ? NULL : reason_name(session->load_reason));
    line_text("by", session->by);
    line_number("exit_code", exit_code);
    line_number("held_max_bytes", session->held_max_bytes);
    line_number("missed", session->missed);
    line_number("dropped", line_dropped());
    line_end(500);
    return exit_code;
}

static void tell_held(struct session* session)
{
    int64_t held_bytes = workers_held_bytes();

    if (held_bytes > session->held_max_bytes)
        session->held_max_bytes = held_bytes;
    line_number("held_bytes", held_bytes);
}

static void sample_load(struct session* session)
{
    const struct load_state* load = &session->load;
    bool has_level = load->level.base != LEVEL_NONE;

    line_open("load", '{');
    line_number("size_bytes", load->wanted_bytes);
    tell_held(session);
    line_number("workers", session->workers.alive_memory);
    line_bool("throttled",
        readings_over_high(&session->readings)
            && (workers_busy(WORKER_MEMORY) || session->workers.commanded < load->wanted_bytes));
    line_number("level_bytes", load->level_bytes);
    line_text("level_metric", has_level ? metric_names[load->level.metric] : NULL);
    line_text("level_state", has_level ? level_state_names[load->level_state] : NULL);
    line_close('}');
}

static void sample_cpu_load(const struct session* session)
{
    const struct load_state* load = &session->load;
    bool has_level = load->cpu_level != ABSENT;

    line_open("cpu_load", '{');
    line_thousandths("load_percent", load->wanted_load);
    line_number("workers", session->workers.alive - session->workers.alive_memory);
    line_number("used_us", workers_used_us() + clock_us(CLOCK_PROCESS_CPUTIME_ID));
    line_number("due_us", workers_due_us());
    line_thousandths("level_percent", load->cpu_level);
    line_text("level_state", has_level ? level_state_names[load->cpu_level_state] : NULL);
    line_thousandths("short_percent", load->short_thousandths);
    line_text("short_reason", shortage_names[load->shortage]);
    line_close('}');
}

static void tell_pressure(const struct pressure* pressure)
{
    line_hundredths("pressure_some_avg10_percent", pressure->some_hundredths);
    line_hundredths("pressure_full_avg10_percent", pressure->full_hundredths);
    line_number("pressure_some_us", pressure->some_us);
    line_number("pressure_full_us", pressure->full_us);
}

static void sample_memory(const struct readings* readings)
{
    line_open("memory", '{');
    line_number("usage_bytes", readings->usage_bytes);
    line_number("peak_bytes", readings->peak_bytes);
    line_number("limit_bytes", readings->limit_bytes);
    line_number("effective_limit_bytes", readings->effective_limit_bytes);
    line_number("high_bytes", readings->high_bytes);
    line_number("swap_bytes", readings->swap_bytes);
    line_number("swap_limit_bytes", readings->swap_limit_bytes);
    line_number("anon_bytes", readings->anon_bytes);
    line_number("file_bytes", readings->file_bytes);
    line_number("inactive_file_bytes", readings->inactive_file_bytes);
    line_number("shmem_bytes", readings->shmem_bytes);
    line_number("kernel_bytes", readings->kernel_bytes);
    line_number("pagetables_bytes", readings->pagetables_bytes);
    line_number("slab_bytes", readings->slab_bytes);
    line_number("max_events", readings->max_events);
    line_number("high_events", readings->high_events);
    line_number("oom", readings->oom);
    line_number("oom_kill", readings->oom_kill);
    line_number("oom_group_kill", readings->oom_group_kill);
    tell_pressure(&readings->pressure);
    line_close('}');
}

static void sample_cpu(const struct readings* readings)
{
    line_open("cpu", '{');
    line_number("usage_us", readings->cpu_usage_us);
    line_number("nr_periods", readings->cpu_nr_periods);
    line_number("nr_throttled", readings->cpu_nr_throttled);
    line_number("throttled_us", readings->cpu_throttled_us);
    line_number("limit_millicores", readings->cpu_limit_millicores);
    tell_pressure(&readings->cpu_pressure);
    line_close('}');
}

static int64_t node_available_bytes(void)
{
    static int kept;

    file_read_again(&kept, AT_FDCWD, "/proc/meminfo", file_text, sizeof(file_text));
    return text_kib_of(file_text, "MemAvailable:");
}

void report_sample(struct session* session, int wait_ms)
{
    const struct readings* readings = &session->readings;

    int64_t now = turn_ms();
    bool slow = now >= session->next_slow_ms;

    readings_take_sample(&session->cgroup, &session->readings, slow, now);
    if (session->options->has_cpu && !slow)
        readings_take(&session->cgroup, &session->readings, CADENCE_CPU);
    if (slow) {
        session->next_slow_ms = next_due(session->next_slow_ms, SECOND_MS, now);
        session->node_available_bytes = node_available_bytes();
    }
    line_begin("sample");
    line_text("phase", phase_names[session->phase]);
    sample_load(session);
    if (session->options->has_cpu)
        sample_cpu_load(session);
    sample_memory(readings);
    sample_cpu(readings);
    line_open("io", '{');
    tell_pressure(&readings->io_pressure);
    line_close('}');
    line_open("pids", '{');
    line_number("current", readings->pids_current);
    line_number("limit", readings->pids_limit);
    line_close('}');
    line_number("node_available_bytes", session->node_available_bytes);
    line_text("cgroup", membership_names[session->membership]);
    line_number("late_ms", session->late_ms);
    line_number("missed", session->missed);
    line_number("dropped", line_dropped());
    line_end(wait_ms);
}

// The size that the kernel measures badness by: the limit, and the swap that comes with it.
static int64_t badness_limit(const struct session* session)
{
    int64_t limit_bytes = session->readings.limit_bytes;
    int64_t swap_bytes = session->node_swap_bytes;
    int64_t swap_limit_bytes = session->readings.swap_limit_bytes;

    if (limit_bytes == ABSENT || swap_bytes == ABSENT)
        return limit_bytes;
    if (swap_limit_bytes != ABSENT && swap_limit_bytes < swap_bytes)
        swap_bytes = swap_limit_bytes;
    return limit_bytes + swap_bytes;
}

void report_processes(const struct session* session)
{
    const struct victims victims = { .cgroup = &session->cgroup,
        .target_pid = session->options->target_pid,
        .holder_pid = session->holder_pid,
        .started_by = session->options->started_by,
        .limit_bytes = badness_limit(session) };

    if (!readings_over_high(&session->readings)) // there the kernel would have it wait at each file
        victims_report(&victims);
}

void report_phase(struct session* session, enum phase phase, int64_t step)
{
    session->phase = phase;
    line_begin("phase");
    line_text("phase", phase_names[phase]);
    tell_held(session);
    if (step != ABSENT)
        line_number("step", step);
    line_end(100);
}

void report_arrived_memory(struct session* session, int64_t id)
{
    line_begin("arrived");
    line_number("id", id);
    line_number("size_bytes", session->load.wanted_bytes);
    tell_held(session);
    line_end(250);
}

void report_arrived_cpu(const struct session* session, int64_t id)
{
    line_begin("arrived");
    line_number("id", id);
    line_thousandths("load_percent", session->load.wanted_load);
    line_end(250);
}

void report_done(const struct commands* commands, const char* problem, int64_t count)
{
    line_begin("done");
    line_number("id", commands->id);
    line_text("command", commands->word);
    line_bool("ok", problem == NULL);
    line_text("code", problem == NULL ? NULL : "bad-command");
    line_text("message", problem);
    line_number("count", count);
    line_end(500);
}

void report_load(const struct agent* agent)
{
    line_begin("load");
    line_open("load", '{');
    line_text("run", agent->run);
    line_number("pid", agent->pid);
    line_text("started_by", agent->started_by[0] == '\0' ? NULL : agent->started_by);
    line_bool("detached", agent->detached);
    line_number("start_time_ticks", process_start_time_ticks(agent->pid));
    line_close('}');
    line_end(500);
}
