#include "steer/wakeups.h"

#include "kernel/files.h"
#include "kernel/lines.h"
#include "kernel/watchdog.h"
#include "observe/agents.h"
#include "observe/processes.h"
#include "words/buffers.h"
#include "words/clock.h"
#include "words/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

// Only a test sets this: its kill orders must find a build without the heartbeat.
#ifdef AGENT_WITHOUT_HEARTBEAT
enum { HEARTBEAT = 0 };
#else
enum { HEARTBEAT = 1 };
#endif

enum source { SIGNALS, INPUT, WORKERS, TARGET, SOURCE_COUNT };

// What was read from stdin and not looked at yet.
static char bytes[256]; // beside the small variables: a heartbeat costs no page of its own
static ssize_t bytes_count;
static ssize_t bytes_at;

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

static void open_signals(struct session* session)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); // a limit on file sizes becomes an errno
    signal(
        SIGCHLD, SIG_DFL); // whoever started us may have ignored it: no worker's end is told then
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    session->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void wakeups_open(struct session* session)
{
    session->timer_error = watchdog_extend(HANGING_MS);
    open_signals(session);
    session->has_events = open_events(session);
}

void wakeups_add_workers(const struct session* session)
{
    wait_for(session, WORKERS, session->workers.notify);
}

void wakeups_leave_input(struct session* session)
{
    if (session->input_open && !session->input_is_file)
        epoll_ctl(session->events, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
    session->input_open = false;
    session->input_is_file = false;
    bytes_count = 0;
}

static void read_input(struct session* session)
{
    ssize_t got;

    if (!session->input_open || bytes_at < bytes_count)
        return;
    got = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        wakeups_leave_input(session);
        session_finish(session, REASON_STDIN_CLOSED);
        return;
    }
    bytes_count = got;
    bytes_at = 0;
    session->input_ms = turn_ms();
}

enum request wakeups_next_request(struct session* session)
{
    while (bytes_at < bytes_count) {
        enum request request = commands_byte(&session->commands, bytes[bytes_at++]);

        if (request != REQUEST_NOTHING)
            return request;
    }
    return REQUEST_NOTHING;
}

// Who has a holder stop us says so in a file of the holder's, whose descriptor comes along.
static void read_who_stopped(struct session* session, const struct signalfd_siginfo* info)
{
    BUFFER static char text[FREE_TEXT_MAX_BYTES + 1];
    char name[16] = "fd/";
    size_t length = strlen(name);

    if (info->ssi_code != SI_QUEUE || info->ssi_int < 0)
        return;
    text_append_number(name, sizeof(name), length, (uint64_t)info->ssi_int);
    if (proc_read(info->ssi_pid, name, text, sizeof(text)) > 0
        && text_is_plain(text, FREE_TEXT_MAX_BYTES))
        session->by = text;
}

static void read_signals(struct session* session)
{
    struct signalfd_siginfo info;

    while (read(session->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD) {
            session->workers.has_child_ended = true;
        } else if (info.ssi_signo == SIGTERM && agent_kind(info.ssi_pid) == AGENT_HOLD) {
            if (session->reason == REASON_NONE)
                read_who_stopped(session, &info);
            session_finish(session, REASON_STOPPED);
        } else {
            session_finish(session, REASON_SIGNAL);
        }
    }
}

static bool is_input_waiting(const struct session* session)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

    return session->input_open && poll(&input, 1, 0) > 0;
}

// After a pause (SIGSTOP, a frozen cgroup) beats may lie in the pipe that nobody has read: they
// count before the clock does.
static void check_heartbeat(struct session* session)
{
    int64_t timeout_ms = session->options->heartbeat_timeout_ms;

    if (!HEARTBEAT || !session->input_open || turn_ms() - session->input_ms < timeout_ms)
        return;
    if (is_input_waiting(session))
        read_input(session);
    if (turn_ms() - session->input_ms >= timeout_ms)
        session_finish(session, REASON_HEARTBEAT_LOST);
}

static void check_time(struct session* session)
{
    const struct options* options = session->options;

    // What only waits for `go` holds nothing: it needs no heartbeat.
    if (session->phase == PHASE_READY) {
        if (session->go_ms == ABSENT && turn_ms() - session->start_ms >= options->go_timeout_ms)
            session_finish(session, REASON_NO_GO);
        return;
    }
    if (turn_ms() - session->deadline_from_ms >= options->deadline_ms)
        session_finish(session, REASON_DEADLINE);
    check_heartbeat(session);
}

static int64_t next_wake_ms(const struct session* session, int64_t until_ms)
{
    const struct options* options = session->options;
    int64_t wake_ms
        = earliest(until_ms, earliest(session->next_sample_ms, session->next_second_ms));

    if (session->phase == PHASE_READY)
        return earliest(wake_ms, session->start_ms + options->go_timeout_ms);
    wake_ms = earliest(wake_ms, session->deadline_from_ms + options->deadline_ms);
    if (session->input_open)
        wake_ms = earliest(wake_ms, session->input_ms + options->heartbeat_timeout_ms);
    return wake_ms;
}

// Each second is often enough, for what bites after ten.
static void extend_watchdog(void)
{
    static int64_t next_ms;

    if (turn_ms() < next_ms)
        return;
    next_ms = turn_ms() + SECOND_MS;
    watchdog_extend(HANGING_MS);
}

void wakeups_wait(struct session* session, int64_t until_ms)
{
    struct epoll_event events[SOURCE_COUNT];
    int64_t left_ms = next_wake_ms(session, until_ms) - now_ms();
    bool has_come[SOURCE_COUNT] = { [INPUT] = session->input_is_file };
    int count;

    extend_watchdog();
    line_turn();
    if (left_ms < 0 || session->input_is_file || bytes_at < bytes_count)
        left_ms = 0;
    count = epoll_wait(session->events, events, SOURCE_COUNT, (int)earliest(left_ms, SECOND_MS));
    clock_begin_turn();
    for (int i = 0; i < count; i++)
        has_come[events[i].data.u32] = true;
    if (has_come[SIGNALS])
        read_signals(session);
    if (has_come[INPUT])
        read_input(session);
    if (has_come[TARGET])
        session_finish(session, REASON_TARGET_GONE);
    check_time(session);
}
