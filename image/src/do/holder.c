#include "do/holder.h"

#include "kernel/lines.h"
#include "kernel/watchdog.h"
#include "observe/processes.h"
#include "steer/commands.h"
#include "words/clock.h"
#include "words/reason.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    WAKE_MS = 5000,
    STOPPED_MS = 15000, // a holder that is stopped for so long is ended by the kernel
};

// Tells whoever reads the log under which process ID our file system is found. 1 would mean that
// the runtime did not put us into the target's process namespace.
static void hello(void)
{
    line_begin("hello");
    line_number("protocol", PROTOCOL);
    line_text("version", AGENT_VERSION);
    line_number("pid", getpid());
    line_number("uid", getuid());
    line_number("gid", getgid());
    line_end(0);
}

static int open_signals(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGURG);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

// Returns false at the end of the input: an attach that is over must not end the holder.
static bool read_commands(void)
{
    static struct commands commands;
    char bytes[64];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

    for (ssize_t i = 0; i < got; i++)
        if (commands_byte(&commands, bytes[i]) == REQUEST_STOP)
            processes_stop_runs();
    return got > 0;
}

// Returns 0 to go on, else the signal that asks us to end. A running load of ours sends SIGURG.
static int read_signals(int signals, int64_t* last_use_ms)
{
    struct signalfd_siginfo info;

    while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGURG)
            return (int)info.ssi_signo;
        *last_use_ms = now_ms();
    }
    return 0;
}

int hold(const struct options* options, int64_t start_ms)
{
    enum { SIGNALS, INPUT, TARGET, COUNT };
    int target = (int)syscall(SYS_pidfd_open, options->target_pid, 0);
    struct pollfd events[COUNT]
        = { { open_signals(), POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 }, { target, POLLIN, 0 } };
    int64_t last_use_ms = start_ms;

    watchdog_start(0);
    watchdog_extend(STOPPED_MS);
    processes_init(AGENT_HOLD);
    hello();
    for (;;) {
        int64_t left_ms = last_use_ms + options->linger_ms - now_ms();

        if (left_ms <= 0)
            return 0;
        watchdog_extend(STOPPED_MS);
        if (poll(events, COUNT, left_ms > WAKE_MS ? WAKE_MS : (int)left_ms) <= 0)
            continue;
        if (events[SIGNALS].revents != 0 && read_signals(events[SIGNALS].fd, &last_use_ms) != 0)
            return 0;
        if (events[INPUT].revents != 0 && !read_commands())
            events[INPUT].fd = -1;
        if (events[TARGET].revents != 0)
            return REASON_TARGET_GONE;
    }
}
