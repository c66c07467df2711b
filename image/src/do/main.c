#include "do/holder.h"
#include "do/run.h"
#include "kernel/lines.h"
#include "observe/processes.h"
#include "words/clock.h"
#include "words/options.h"
#include "words/reason.h"

#include <string.h>
#include <unistd.h>

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
    if (options.command == COMMAND_END) {
        processes_init(AGENT_NONE);
        return processes_end_holder() ? 0 : REASON_TARGET_GONE;
    }
    if (options.target_container != NULL)
        options.target_pid = process_find_target(options.target_container);
    line_start(start_ms);
    if (options.command == COMMAND_HOLD)
        return hold(&options, start_ms);
    return options.command == COMMAND_PROBE ? probe(&options, start_ms) : run(&options, start_ms);
}
