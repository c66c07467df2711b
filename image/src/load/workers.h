// The processes that carry the load, as the supervisor sees them.
#pragma once

#include "words/options.h"

#include <stdbool.h>
#include <stdint.h>

struct workers {
    int64_t alive;
    int64_t commanded; // the sum of what living workers were told: bytes, or thousandths of percent
    bool has_child_ended; // the kernel said so, by SIGCHLD, and nobody has looked yet
    int notify; // an eventfd that a worker writes when it has done what it was told
};

struct dead_worker {
    int64_t pid;
    int64_t signal;
    int64_t held_bytes;
};

int workers_start(struct workers* workers, const struct options* options, bool two_threads,
    bool random, int file_directory);
void workers_command_total(struct workers* workers, int64_t total);
void workers_command_each(struct workers* workers, int64_t target);
bool workers_busy(void);
int64_t workers_held_bytes(void);
int64_t workers_used_us(void);
int workers_error(void);
int64_t workers_largest_share(void);
bool workers_find_dead(struct workers* workers, struct dead_worker* dead);
void workers_stop(struct workers* workers);
