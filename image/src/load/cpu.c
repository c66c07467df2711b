#include "load/cpu.h"

#include "words/clock.h"

enum {
    PERIOD_US = 10000,
    LEAST_US = 200, // to wake for less would cost more than it is: small loads wake less often
    DEBT_MAX_US = 100000, // after a throttled while, do not catch up in one long burst
    FULL_LOAD = 100 * 1000,
};

static int64_t used_us(void) { return clock_us(CLOCK_PROCESS_CPUTIME_ID); }

// Some microseconds of arithmetic between two looks at the clock.
static void spin(void)
{
    for (volatile int i = 0; i < 2000; i++)
        ;
}

static void reckon(struct cpu* cpu, int64_t now_us)
{
    __int128 due = (__int128)(now_us - cpu->last_us) * cpu->load_thousandths + cpu->due_rest;

    cpu->due_us += (int64_t)(due / FULL_LOAD);
    cpu->due_rest = (int64_t)(due % FULL_LOAD);
    cpu->last_us = now_us;
}

void cpu_turn_to(struct cpu* cpu, int64_t load_thousandths)
{
    int64_t now_us = clock_us(CLOCK_MONOTONIC);

    if (cpu->load_thousandths == 0)
        cpu->last_us = now_us;
    reckon(cpu, now_us);
    cpu->load_thousandths = load_thousandths;
}

int64_t cpu_work(struct cpu* cpu, int64_t others_us)
{
    int64_t start_us = clock_us(CLOCK_MONOTONIC);
    int64_t used = used_us();
    int64_t until_due_us;
    int64_t left_us;

    reckon(cpu, start_us);
    cpu->due_us -= others_us - cpu->others_us;
    cpu->others_us = others_us;
    if (cpu->due_us > used + DEBT_MAX_US) {
        cpu->missing_us += cpu->due_us - used - DEBT_MAX_US;
        cpu->due_us = used + DEBT_MAX_US;
    }
    while (used < cpu->due_us && clock_us(CLOCK_MONOTONIC) - start_us < PERIOD_US) {
        spin();
        used = used_us();
    }
    left_us = start_us + PERIOD_US - clock_us(CLOCK_MONOTONIC);
    until_due_us
        = (int64_t)((__int128)(used + LEAST_US - cpu->due_us) * FULL_LOAD / cpu->load_thousandths);
    if (left_us < until_due_us && used >= cpu->due_us)
        left_us = until_due_us;
    return left_us < 0 ? 0 : left_us;
}
