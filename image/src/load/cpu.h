// One worker's share of the CPU load.
#pragma once

#include <stdint.h>

struct cpu {
    int64_t due_us; // CPU time that should have been used by now
    int64_t last_us; // when that was reckoned
};

void cpu_start(struct cpu* cpu);
int64_t cpu_work_one_period(struct cpu* cpu, int64_t load_thousandths);
