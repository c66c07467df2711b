#include "steer/session.h"

#include "kernel/files.h"
#include "kernel/lines.h"
#include "kernel/watchdog.h"
#include "observe/join.h"
#include "observe/processes.h"
#include "observe/victims.h"
#include "tell/report.h"
#include "words/clock.h"
#include "words/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

// Only a test sets this: its kill orders must find a build without the heartbeat.
#ifdef AGENT_WITHOUT_HEARTBEAT
enum { HEARTBEAT = 0 };
#else
enum { HEARTBEAT = 1 };
#endif

enum source { SIGNALS, INPUT, WORKERS, TARGET, SOURCE_COUNT };

static bool is_run(const struct session* session)
{
    return session->options->command != COMMAND_PROBE;
}

static void look_at_membership(struct session* session)
{
    membership_read_target(session->options->target_pid);
    session->membership = membership_of_cgroup(getpid());
}

static int64_t node_swap_bytes(void)
{
    file_read(AT_FDCWD, "/proc/meminfo", file_text, sizeof(file_text));
    return text_kib_of(file_text, "SwapTotal:");
}

// The target's cgroup files: in the target's mount namespace they lie before us; from another
// container, or after joining from one, only the target's own root shows the right ones.
static const char* cgroup_root(const struct session* session, enum membership mount_namespace)
{
    static char path[64];

    if (session->options->cgroup_root != NULL)
        return session->options->cgroup_root;
    if (session->membership < MEMBERSHIP_DIFFERENT && mount_namespace != MEMBERSHIP_DIFFERENT)
        return "/sys/fs/cgroup";
    text_append(
        path, sizeof(path), 0, proc_path(session->options->target_pid, "root/sys/fs/cgroup"));
    return path;
}

// Returns 0 or -errno. Lowering the value below the inherited one needs CAP_SYS_RESOURCE.
static int set_oom_score_adj(const struct options* options)
{
    char text[16];
    size_t length = 0;
    int64_t wanted = options->oom_score_adj;
    int64_t own;
    int error = 0;

    if (wanted == OOM_SCORE_ADJ_SAME)
        error = process_oom_score_adj(options->target_pid, &wanted);
    if (error == 0)
        error = process_oom_score_adj(getpid(), &own);
    if (error != 0 || own == wanted)
        return error;
    if (wanted < 0)
        length = text_append(text, sizeof(text), length, "-");
    text_append_number(text, sizeof(text), length, (uint64_t)(wanted < 0 ? -wanted : wanted));
    error = file_write("/proc/self/oom_score_adj", text);
    if (error == 0)
        error = process_oom_score_adj(getpid(), &own);
    return error != 0 ? error : own == wanted ? 0 : -EACCES;
}

// Registered once: poll() would queue at each of them anew ten times a second.
static bool wait_for(const struct session* session, enum source source, int file)
{
    // What a worker tells need not be read: each time it is written is an event of its own.
    struct epoll_event event = { .events = source == WORKERS ? EPOLLIN | EPOLLET : EPOLLIN };

    event.data.u32 = source;
    return epoll_ctl(session->events, EPOLL_CTL_ADD, file, &event) == 0;
}

static bool open_events(struct session* session)
{
    session->events = epoll_create1(EPOLL_CLOEXEC);
    if (!wait_for(session, SIGNALS, session->signals))
        return false;
    if (session->target >= 0 && !wait_for(session, TARGET, session->target))
        return false;
    if (!session->input_open || wait_for(session, INPUT, STDIN_FILENO))
        return true;
    session->input_is_file = errno == EPERM;
    return session->input_is_file;
}

void session_wait_for_workers(const struct session* session)
{
    wait_for(session, WORKERS, session->workers.notify);
}

static void open_signals(struct session* session)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); // a limit on file sizes becomes an errno
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    session->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool fail(struct session* session, enum reason reason, const char* code, const char* text)
{
    line_error(code, text);
    session->reason = reason;
    return false;
}

// Checks everything that must hold before anything is allocated.
static bool may_load(struct session* session, enum membership mount_namespace)
{
    enum membership pid_namespace = membership_of_namespace(session->options->target_pid, "ns/pid");
    bool joined = session->options->join_pid != ABSENT;
    int error;

    if (session->membership == MEMBERSHIP_DIFFERENT)
        return fail(session, REASON_NOT_A_MEMBER, "not-a-member",
            "this process is not in the target's cgroup");
    if (!joined
        && (pid_namespace == MEMBERSHIP_DIFFERENT || mount_namespace == MEMBERSHIP_DIFFERENT))
        return fail(session, REASON_NOT_A_MEMBER, "not-a-member",
            "this process is not in the target's PID and mount namespaces");
    error = set_oom_score_adj(session->options);
    if (error != 0)
        return fail(session, REASON_OOM_SCORE_ADJ, "oom-score-adj",
            error == -EACCES || error == -EPERM
                ? "the kernel refused oom_score_adj: below the inherited value it needs"
                  " CAP_SYS_RESOURCE"
                : "oom_score_adj could not be read or set");
    return true;
}

// Sends samples to the holder's log, where they are found after the client has gone.
static void detach(struct session* session)
{
    if (session->options->detach && session->holder_pid != ABSENT)
        line_to(proc_path(session->holder_pid, "fd/1"));
}

// Opens everything and says hello. Returns false where the session must end at once.
bool session_open(struct session* session, const struct options* options, int64_t start_ms)
{
    enum membership mount_namespace;
    const char* join_problem = NULL;
    bool has_events;

    *session = (struct session) { .options = options,
        .start_ms = start_ms,
        .reason = REASON_NONE,
        .target = -1,
        .input_open = !options->detach,
        .input_ms = now_ms(),
        .next_sample_ms = start_ms + options->sample_interval_ms,
        .next_slow_ms = start_ms,
        .next_second_ms = start_ms + SECOND_MS,
        .load = { .level_bytes = ABSENT, .cpu_level = ABSENT },
        .workers = { .notify = -1 } };
    readings_forget(&session->readings);
    processes_init(is_run(session) ? AGENT_RUN : AGENT_PROBE);
    open_signals(session);
    session->node_swap_bytes = node_swap_bytes();
    session->target_start_ticks = process_start_time_ticks(options->target_pid);
    session->target = (int)syscall(SYS_pidfd_open, options->target_pid, 0);
    has_events = open_events(session);
    if (options->join_pid != ABSENT && session->target_start_ticks != ABSENT)
        join_problem = join_cgroup(options->join_pid);
    look_at_membership(session);
    mount_namespace = membership_of_namespace(options->target_pid, "ns/mnt");
    session->holder_pid
        = options->holder_pid != ABSENT ? options->holder_pid : process_find_holder();
    cgroup_open(&session->cgroup, cgroup_root(session, mount_namespace), options->target_pid,
        options->pod_limit_bytes);
    detach(session);
    report_hello(session, mount_namespace);
    // Should we be stopped or hang, the kernel ends us, and with us the workers.
    if (watchdog_start(options->heartbeat_timeout_ms) != 0)
        return fail(session, REASON_INTERNAL, "no-timer", "the kernel gives no timer");
    if (!has_events)
        return fail(session, REASON_INTERNAL, "no-events", "the kernel gives no way to wait");
    watchdog_extend(HANGING_MS);
    if (session->target_start_ticks == ABSENT)
        return fail(session, REASON_TARGET_GONE, "target-gone", "the target's init is not there");
    if (join_problem != NULL)
        return fail(session, REASON_NOT_A_MEMBER, "join-failed", join_problem);
    return !is_run(session) || may_load(session, mount_namespace);
}

// Ends the session, unless it ends already for another reason.
void session_finish(struct session* session, enum reason reason)
{
    if (session->reason == REASON_NONE)
        session->reason = reason;
}

// For kernels and seccomp profiles without pidfd_open(): others tell when the target has gone.
static void check_target(struct session* session)
{
    if (session->target < 0
        && process_start_time_ticks(session->options->target_pid) != session->target_start_ticks)
        session_finish(session, REASON_TARGET_GONE);
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

void session_report_processes(struct session* session)
{
    const struct victims victims = { .cgroup = &session->cgroup,
        .target_pid = session->options->target_pid,
        .holder_pid = session->holder_pid,
        .limit_bytes = badness_limit(session) };

    if (!readings_over_high(&session->readings)) // there the kernel would have it wait at each file
        victims_report(&victims);
}

// What is due each second: are we still where we should be, and who else is here?
static void each_second(struct session* session)
{
    check_target(session);
    look_at_membership(session);
    if (is_run(session) && session->membership == MEMBERSHIP_DIFFERENT) {
        line_error("not-a-member", "the cgroups of this process and of the target have parted");
        session_finish(session, REASON_NOT_A_MEMBER);
    }
    if (session->holder_pid != ABSENT && process_agent_kind(session->holder_pid) == AGENT_HOLD)
        kill((pid_t)session->holder_pid, SIGURG); // harmless to one that does not listen yet
    session_report_processes(session);
}

static void check_time(struct session* session, int64_t now)
{
    const struct options* options = session->options;

    if (now - session->start_ms >= options->deadline_ms)
        session_finish(session, REASON_DEADLINE);
    if (HEARTBEAT && !options->detach && now - session->input_ms >= options->heartbeat_timeout_ms)
        session_finish(session, REASON_HEARTBEAT_LOST);
}

static enum request read_input(struct session* session)
{
    char bytes[256];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
    enum request result = REQUEST_NOTHING;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return REQUEST_NOTHING;
    if (got <= 0) {
        session->input_open = false;
        session->input_is_file = false;
        epoll_ctl(session->events, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
        session_finish(session, REASON_STDIN_CLOSED);
        return REQUEST_NOTHING;
    }
    session->input_ms = now_ms();
    for (ssize_t i = 0; i < got; i++) {
        enum request request = commands_byte(&session->commands, bytes[i]);

        if (request == REQUEST_BAD)
            line_error("bad-command", "a line on stdin is no command and was ignored");
        else if (request == REQUEST_STOP)
            session_finish(session, REASON_STOPPED);
        else if (request != REQUEST_NOTHING)
            result = request; // of several sizes in one read, the last one counts
    }
    return result;
}

static void read_signals(struct session* session)
{
    struct signalfd_siginfo info;

    while (read(session->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        if (info.ssi_signo == SIGCHLD)
            session->workers.has_child_ended = true;
        else
            session_finish(session, REASON_SIGNAL);
}

static int64_t next_wake_ms(const struct session* session, int64_t until_ms)
{
    const struct options* options = session->options;
    int64_t wake_ms = earliest(until_ms, session->start_ms + options->deadline_ms);

    wake_ms = earliest(wake_ms, session->next_sample_ms);
    wake_ms = earliest(wake_ms, session->next_second_ms);
    if (!options->detach)
        wake_ms = earliest(wake_ms, session->input_ms + options->heartbeat_timeout_ms);
    return wake_ms;
}

static void report_what_is_due(struct session* session, int64_t now)
{
    if (session->reason == REASON_NONE && now >= session->next_sample_ms) {
        session->next_sample_ms
            = next_due(session->next_sample_ms, session->options->sample_interval_ms, now);
        report_sample(session, 0);
    }
    if (session->reason == REASON_NONE && now >= session->next_second_ms) {
        session->next_second_ms = next_due(session->next_second_ms, SECOND_MS, now);
        each_second(session);
    }
}

// Waits until something happens, at most until `until_ms`, and does what is due: samples, the look
// each second, the reasons to end (in session->reason). Returns a command that came on stdin; its
// value is in session->commands.
enum request session_wait(struct session* session, int64_t until_ms)
{
    struct epoll_event events[SOURCE_COUNT];
    int64_t left_ms = next_wake_ms(session, until_ms) - now_ms();
    bool has_come[SOURCE_COUNT] = { [INPUT] = session->input_is_file };
    enum request request = REQUEST_NOTHING;
    int64_t now;
    int count;

    watchdog_extend(HANGING_MS);
    if (left_ms < 0 || session->input_is_file)
        left_ms = 0;
    count = epoll_wait(session->events, events, SOURCE_COUNT, (int)earliest(left_ms, SECOND_MS));
    for (int i = 0; i < count; i++)
        has_come[events[i].data.u32] = true;
    now = now_ms();
    if (has_come[SIGNALS])
        read_signals(session);
    if (has_come[INPUT])
        request = read_input(session);
    if (has_come[TARGET])
        session_finish(session, REASON_TARGET_GONE);
    check_time(session, now);
    report_what_is_due(session, now);
    return request;
}
