// One worker: a process that carries a share of the load, and the page through which it is told.
#pragma once

#include "words/options.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum worker_kind { WORKER_MEMORY, WORKER_CPU };

// What the supervisor shares with one worker.
struct slot {
    enum worker_kind kind;
    _Atomic uint32_t command; // raised with each new target; a worker waits on it
    _Atomic uint32_t done; // the last command that was carried out
    _Atomic int64_t target; // bytes, or thousandths of a percent of one CPU
    _Atomic int64_t held_bytes;
    _Atomic int64_t used_us; // CPU time of the process
    _Atomic int64_t others_us; // CPU time that others have used for its part of the load
    _Atomic int64_t due_us; // CPU time that it should have used by then
    _Atomic int error; // an errno, or 0
    _Atomic int64_t pid; // 0 when it is gone
    bool told; // its end is known; the kernel may still be taking its memory back
    struct robust_list_head robust; // the worker's own, read by the kernel when it ends
    _Atomic uint32_t life; // the worker's ID; the kernel marks it as the first step of its end
};

// What is decided once for all workers of memory.
struct worker_memory {
    bool two_threads;
    bool random; // every byte, for nodes that can compress or swap pages
    int directory; // where a file of page cache may be created, or -1
};

// Never returns: ends with its parent, with the deadline, or with SIGKILL. `notify` is an eventfd
// that is written whenever a command has been carried out.
_Noreturn void worker_run(const struct options* options, const struct worker_memory* memory,
    struct slot* slot, int notify, pid_t parent);
