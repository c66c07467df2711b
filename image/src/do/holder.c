#include "do/holder.h"

#include "kernel/lines.h"
#include "kernel/watchdog.h"
#include "observe/agents.h"
#include "observe/processes.h"
#include "steer/admission.h"
#include "tell/report.h"
#include "words/buffers.h"
#include "words/clock.h"
#include "words/reason.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    WAKE_MS = 5000,
    TEXT_FILES = 8,
    STOPPED_MS = 15000, // a holder that is stopped for so long is ended by the kernel
};

BUFFER static struct session session; // of what `read` reads
BUFFER static struct commands commands;
static bool is_open;

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

// Reads the target as a probe would, without a new process. Where the target's cgroup is hidden,
// the processes in sight may be those of others, and are not told: all of this stays in the log.
static void read_target(struct options* options, int64_t start_ms)
{
    if (!is_open) {
        session = (struct session) { .options = options,
            .start_ms = start_ms,
            .phase = PHASE_BASELINE,
            .next_slow_ms = start_ms,
            .load = { .level_bytes = ABSENT, .cpu_level = ABSENT },
            .workers = { .notify = -1 } };
        readings_forget(&session.readings);
        admission_look(&session);
        is_open = true;
    }
    admission_look_at_membership(&session);
    session.next_slow_ms = clock_begin_turn();
    report_hello(&session);
    report_sample(&session, PATIENT_MS);
    if (session.readings.usage_bytes != ABSENT)
        report_processes(&session);
}

static void tell_run(const struct agent* agent, void* context)
{
    int64_t* count = context;

    report_load(agent);
    (*count)++;
}

struct stop {
    const char* run; // or NULL: all
    union sigval text; // the descriptor of a file with the text, or -1
    int64_t count;
};

static void stop_run(const struct agent* agent, void* context)
{
    struct stop* stop = context;

    if ((stop->run == NULL || text_equal(stop->run, agent->run))
        && sigqueue((pid_t)agent->pid, SIGTERM, stop->text) == 0)
        stop->count++;
}

// The file in which a run finds who has it stopped: a signal carries no more than a number. Each
// stop has its own, which stays for a few more: a run that gets little CPU reads it late.
static int text_file(const char* text)
{
    static int files[TEXT_FILES]; // descriptors plus 1
    static int next;
    int file;

    if (text == NULL)
        return -1;
    file = memfd_create("kubectl-stress-stop", MFD_CLOEXEC);
    if (file < 0 || write(file, text, strlen(text)) < 0)
        return -1;
    if (files[next] != 0)
        close(files[next] - 1);
    files[next] = file + 1;
    next = (next + 1) % TEXT_FILES;
    return file;
}

// Returns how many runs were asked to end.
static int64_t stop_runs(void)
{
    struct stop stop = { .run = commands.run, .text = { .sival_int = text_file(commands.text) } };

    agents_each_run(stop_run, &stop);
    return stop.count;
}

static void answer(enum request request, struct options* options, int64_t start_ms)
{
    const char* problem = NULL;
    int64_t count = ABSENT;

    if (request == REQUEST_READ) {
        read_target(options, start_ms);
    } else if (request == REQUEST_LIST) {
        count = 0;
        agents_each_run(tell_run, &count);
    } else if (request == REQUEST_STOP) {
        count = stop_runs();
    } else {
        problem = "a holder takes read, list and stop";
    }
    report_done(&commands, problem, count);
}

// Returns false at the end of the input: an attach that is over must not end the holder.
static bool read_commands(struct options* options, int64_t start_ms)
{
    char bytes[64];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

    line_turn();
    for (ssize_t i = 0; i < got; i++) {
        enum request request = commands_byte(&commands, bytes[i]);

        if (request != REQUEST_NOTHING)
            answer(request, options, start_ms);
    }
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

int hold(struct options* options, int64_t start_ms)
{
    enum { SIGNALS, INPUT, TARGET, COUNT };
    int target = (int)syscall(SYS_pidfd_open, options->target_pid, 0);
    int64_t target_ticks = process_start_time_ticks(options->target_pid);
    struct pollfd events[COUNT]
        = { { open_signals(), POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 }, { target, POLLIN, 0 } };
    int64_t last_use_ms = start_ms;

    watchdog_extend(STOPPED_MS);
    processes_init(AGENT_HOLD);
    report_hello_holder();
    read_target(options, start_ms);
    for (;;) {
        int64_t left_ms = last_use_ms + options->linger_ms - now_ms();

        if (left_ms <= 0)
            return 0;
        watchdog_extend(STOPPED_MS);
        // Without pidfd_open() the target's end shows in the process table alone.
        if (target < 0
            && (target_ticks == ABSENT
                || process_start_time_ticks(options->target_pid) != target_ticks))
            return REASON_TARGET_GONE;
        if (poll(events, COUNT, left_ms > WAKE_MS ? WAKE_MS : (int)left_ms) <= 0)
            continue;
        if (events[SIGNALS].revents != 0 && read_signals(events[SIGNALS].fd, &last_use_ms) != 0)
            return 0;
        if (events[INPUT].revents != 0) {
            last_use_ms = now_ms();
            if (!read_commands(options, start_ms))
                events[INPUT].fd = -1;
        }
        if (events[TARGET].revents != 0)
            return REASON_TARGET_GONE;
    }
}
