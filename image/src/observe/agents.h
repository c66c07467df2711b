// Processes of our own program, recognised by what stands in their program file and never by their
// arguments, which another program may share.
#pragma once

#include "words/options.h"

#include <stdbool.h>
#include <stdint.h>

enum agent_kind {
    AGENT_NONE, // another program, or one that we may not look at
    AGENT_HOLD,
    AGENT_RUN,
    AGENT_PROBE,
};

struct agent {
    enum agent_kind kind;
    int64_t pid; // of a run's worker that of its supervisor
    bool detached;
    char run[ID_MAX_BYTES + 1];
    char started_by[FREE_TEXT_MAX_BYTES + 1]; // "" where nobody is named
};

enum agent_kind agent_kind(int64_t pid);

// Returns false for a process of another program; `agent` is then of kind AGENT_NONE.
bool agent_read(int64_t pid, struct agent* agent);

// The ID of a process that was given none: "PID-TICKS".
void agent_default_run(int64_t pid, char run[ID_MAX_BYTES + 1]);

// The lowest process ID of a holder that runs this very file; else, unless only that will do, of
// one that runs another copy. ABSENT where there is none.
int64_t agents_find_holder(bool of_this_file);

// Calls `visit` with each run of our own pod, but not with its workers. Where the PID namespace is
// the machine's, those of other pods can be seen as well.
void agents_each_run(void (*visit)(const struct agent* agent, void* context), void* context);
