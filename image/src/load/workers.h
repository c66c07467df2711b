// The processes that carry the load, as the supervisor sees them.
#pragma once

#include "load/worker.h"
#include "observe/cgroup.h"
#include "words/options.h"

#include <stdbool.h>
#include <stdint.h>

struct workers {
    int64_t alive;
    int64_t alive_memory; // of those, the ones that carry memory
    int64_t commanded; // bytes: the sum of what living workers were told
    bool has_child_ended; // the kernel said so, by SIGCHLD, and nobody has looked yet
    int notify; // an eventfd that a worker writes when it has done what it was told
};

struct dead_worker {
    enum worker_kind kind;
    int64_t pid;
    int64_t signal;
    int64_t held_bytes;
};

// Starts the workers, with nothing to do yet. Returns 0 or -errno.
int workers_start(
    struct workers* workers, const struct options* options, const struct worker_memory* memory);

void workers_command_total(struct workers* workers, int64_t total_bytes);

// The load of all workers together, in thousandths of a percent of one CPU.
void workers_command_load(int64_t total_thousandths);

// So much CPU time has been used for that load by others, and is not due of the workers any more.
void workers_take_off(int64_t us);

// Whether any of this kind has not yet done what it was told.
bool workers_busy(enum worker_kind kind);
int64_t workers_held_bytes(void);

// CPU time of all workers, those that are gone included; and what that of the CPU load should be.
int64_t workers_used_us(void);
int64_t workers_due_us(void);

// The first error that a worker met (an errno), or 0.
int workers_error(void);
int64_t workers_largest_share(void);

// Finds one worker that ends or has ended, each once. Returns false when there is none.
bool workers_find_dead(struct workers* workers, struct dead_worker* dead);

// Whether one of the loads has no worker any more.
bool workers_lost_a_load(const struct workers* workers, const struct options* options);

// Ends every worker and waits until the kernel has taken all of its memory back, as long as that
// goes on in the target's cgroup.
void workers_stop(struct workers* workers, const struct cgroup* cgroup);
