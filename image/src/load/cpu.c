#include "load/cpu.h"

#include "words/clock.h"

enum {
    PERIOD_US = 10000,
    DEBT_MAX_US = 100000, // after a throttled while, do not catch up in one long burst
    FULL_LOAD = 100 * 1000,
};

static int64_t used_us(void) { return clock_us(CLOCK_PROCESS_CPUTIME_ID); }

void cpu_start(struct cpu* cpu)
{
    cpu->due_us = used_us();
    cpu->last_us = clock_us(CLOCK_MONOTONIC);
}

// Some microseconds of arithmetic between two looks at the clock.
static void spin(void)
{
    for (volatile int i = 0; i < 2000; i++)
        ;
}

// Uses this period's share of the CPU, measured by what the kernel says we have used, so that
// neither sleep that lasts too long nor a busy node shifts the average. Returns how many
// microseconds are left to sleep.
int64_t cpu_work_one_period(struct cpu* cpu, int64_t load_thousandths)
{
    int64_t start_us = clock_us(CLOCK_MONOTONIC);
    int64_t used = used_us();
    int64_t left_us;

    cpu->due_us += (start_us - cpu->last_us) * load_thousandths / FULL_LOAD;
    cpu->last_us = start_us;
    if (cpu->due_us > used + DEBT_MAX_US)
        cpu->due_us = used + DEBT_MAX_US;
    while (used_us() < cpu->due_us && clock_us(CLOCK_MONOTONIC) - start_us < PERIOD_US)
        spin();
    left_us = start_us + PERIOD_US - clock_us(CLOCK_MONOTONIC);
    return left_us < 0 ? 0 : left_us;
}
