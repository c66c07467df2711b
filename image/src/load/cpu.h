// One worker's share of the CPU load: so much CPU time for each second that passes.
#pragma once

#include <stdint.h>

struct cpu {
    int64_t load_thousandths; // of a percent of one CPU; above 100 % where there are too few CPUs
    int64_t last_us; // until when `due_us` has been reckoned, by the monotonic clock
    int64_t due_us; // CPU time that the process should have used by then, its start included
    int64_t due_rest; // what the divisions have left over
    int64_t missing_us; // CPU time that was due, could not be had, and is not made up for any more
};

void cpu_turn_to(struct cpu* cpu, int64_t load_thousandths);
int64_t cpu_work(struct cpu* cpu);
