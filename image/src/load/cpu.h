// One worker's share of the CPU load: so much CPU time for each second that passes.
#pragma once

#include <stdint.h>

struct cpu {
    int64_t load_thousandths; // of a percent of one CPU; above 100 % where there are too few CPUs
    int64_t last_us; // until when `due_us` has been reckoned, by the monotonic clock
    int64_t due_us; // CPU time that the process should have used by then, its start included
    int64_t due_rest; // what the divisions have left over
    int64_t others_us; // what others have done of it so far
    int64_t missing_us; // CPU time that was due, could not be had, and is not made up for any more
};

// Goes to another load from now on. What was due until now stays due, and a rest leaves nothing.
void cpu_turn_to(struct cpu* cpu, int64_t load_thousandths);

// Uses what is due of the CPU by now, measured by what the kernel says we have used: so neither
// sleep that lasts too long, nor what it costs to wake, nor a busy node shifts the average. What
// others have done of it, `others_us` in all so far, is not due any more. Returns how many
// microseconds are left to sleep. The load must not be 0.
int64_t cpu_work(struct cpu* cpu, int64_t others_us);
