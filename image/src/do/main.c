#include "do/holder.h"
#include "do/run.h"
#include "kernel/lines.h"
#include "kernel/watchdog.h"
#include "observe/agents.h"
#include "observe/processes.h"
#include "words/clock.h"
#include "words/options.h"
#include "words/reason.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
    FIRST_LOOK_MS = 60000, // of thousands of processes, where the CPU is short
};

static void say(int file, const char* text)
{
    if (write(file, text, strlen(text)) < 0)
        return; // nobody listens
}

static int usage(const char* problem)
{
    say(STDERR_FILENO, "agent: ");
    say(STDERR_FILENO, problem);
    say(STDERR_FILENO,
        "\n"
        "usage: agent hold  [--linger-ms N]\n"
        "       agent probe [--duration-ms N] [--sample-interval-ms N]\n"
        "       agent run mem --size-bytes N | --level LEVEL --duration-ms N [OPTION VALUE]…\n"
        "       agent run cpu --load-percent P | --cpu-level P --duration-ms N [OPTION VALUE]…\n"
        "       agent run mem cpu …\n"
        "       agent end\n"
        "       agent version\n");
    return REASON_USAGE;
}

// What names this process for good, among all that share a log.
static const char* run_id(const struct options* options)
{
    static char id[ID_MAX_BYTES + 1];

    if (options->run_id != NULL)
        return options->run_id;
    agent_default_run(getpid(), id);
    return id;
}

int main(int count, char** arguments)
{
    static struct options options;
    int64_t start_ms = now_ms();
    const char* problem
        = options_parse(&options, count > 0 ? count - 1 : 0, count > 0 ? arguments + 1 : arguments);

    if (problem != NULL)
        return usage(problem);
    if (options.command == COMMAND_VERSION) {
        say(STDOUT_FILENO, "kubectl-stress agent " AGENT_VERSION ", protocol 2\n");
        return 0;
    }
    // Before all else: what is stopped or hangs in its first look has to end as well. Whether the
    // kernel gives timers is told by the first who puts them off.
    watchdog_start(options.heartbeat_timeout_ms);
    watchdog_extend(FIRST_LOOK_MS);
    if (options.command == COMMAND_END) {
        int64_t holder = agents_find_holder(true);

        return holder != ABSENT && kill((pid_t)holder, SIGTERM) == 0 ? 0 : REASON_TARGET_GONE;
    }
    if (options.target_container != NULL)
        options.target_pid = process_find_target(options.target_container);
    line_start(start_ms, run_id(&options));
    if (options.command == COMMAND_HOLD)
        return hold(&options, start_ms);
    return options.command == COMMAND_PROBE ? probe(&options, start_ms) : run(&options, start_ms);
}
