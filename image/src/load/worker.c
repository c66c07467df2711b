#include "load/worker.h"

#include "kernel/watchdog.h"
#include "load/cpu.h"
#include "load/memory.h"
#include "words/buffers.h"
#include "words/clock.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    RESTING_US = -1,
    REWRITE_US = 20000,
    SECOND_US = 1000000,
    CALL_BYTES = 512, // what a call may need of the stack
    STACK_BYTES = 65536, // more than the supervisor ever used
};

#define REWRITTEN_AT_ONCE ((int64_t)MEMORY_CONTENT_BYTES * SECOND_US)

static struct memory memory;
static struct cpu cpu;

static char* page_of(char* at) { return at - (uintptr_t)at % (uintptr_t)getpagesize(); }

static void futex_wait(_Atomic uint32_t* word, uint32_t value, int64_t timeout_us)
{
    struct timespec timeout
        = { .tv_sec = timeout_us / SECOND_US, .tv_nsec = timeout_us % SECOND_US * 1000 };

    syscall(
        SYS_futex, word, FUTEX_WAIT, value, timeout_us == RESTING_US ? NULL : &timeout, NULL, 0);
}

// A killed process becomes a zombie, and its parent is told, only when its memory is back: half a
// second a GiB. A robust futex is looked at before that. This one is marked as being taken just
// now, so that the list itself stays empty.
static void let_kernel_mark_end(struct slot* slot)
{
    slot->robust = (struct robust_list_head) { .list = { &slot->robust.list },
        .futex_offset = (long)(offsetof(struct slot, life) - offsetof(struct slot, robust.list)),
        .list_op_pending = &slot->robust.list };
    slot->life = (uint32_t)getpid();
    syscall(SYS_set_robust_list, &slot->robust, sizeof(slot->robust)); // without it: told later
}

// A crash must not write the load to the target's disk. A core_pattern that is a pipe ignores the
// limit: the load itself is left out of every dump (memory.c).
static void leave_no_core(void)
{
    static const struct rlimit none;

    // The C library's setrlimit() brings along what has all threads of a process do the same.
    syscall(SYS_prlimit64, 0, RLIMIT_CORE, &none, NULL);
}

// What the supervisor used of the stack before, deeper than we are; a call of the next line still
// has room. Below the pages of the stack nothing is mapped, and that does no harm.
static void forget_stack(void)
{
    char* here = __builtin_frame_address(0);
    char* end = here - CALL_BYTES;

    buffers_forget(page_of(end - STACK_BYTES), page_of(end));
}

// Rewrites what is due by now of the rate, of which the workers have equal parts. What is owed is
// counted in millionths of a byte, so that a rate of less than a page a second is kept too. Returns
// how long to rest.
static int64_t rewrite(const struct options* options)
{
    static int64_t last_us;
    static int64_t owed;
    int64_t most = options->dirty_bytes_per_s / options->workers * SECOND_US;
    int64_t now_us = clock_us(CLOCK_MONOTONIC);
    int64_t rest_us;

    if (options->dirty_bytes_per_s == 0 || memory.held_bytes == 0) {
        last_us = 0;
        return RESTING_US;
    }
    if (most < REWRITTEN_AT_ONCE)
        most = REWRITTEN_AT_ONCE;
    if (last_us != 0)
        owed += (int64_t)((__int128)options->dirty_bytes_per_s * (now_us - last_us)
            / options->workers);
    last_us = now_us;
    if (owed > most) // never catch up more than a second
        owed = most;
    memory_rewrite(&memory, owed / REWRITTEN_AT_ONCE * MEMORY_CONTENT_BYTES);
    owed %= REWRITTEN_AT_ONCE;
    rest_us = (int64_t)((__int128)(REWRITTEN_AT_ONCE - owed) * options->workers
        / options->dirty_bytes_per_s);
    return rest_us < REWRITE_US ? REWRITE_US : rest_us + 1;
}

static int64_t use_cpu(struct slot* slot)
{
    int64_t rest_us = slot->target == 0 ? RESTING_US : cpu_work(&cpu, slot->others_us);

    slot->used_us = clock_us(CLOCK_PROCESS_CPUTIME_ID);
    slot->due_us = cpu.due_us + cpu.missing_us;
    return rest_us;
}

static void carry_out(struct slot* slot, int notify)
{
    uint32_t number = slot->command;
    uint64_t one = 1;

    if (number == slot->done)
        return;
    if (slot->kind == WORKER_CPU) {
        cpu_turn_to(&cpu, slot->target);
    } else {
        int error = memory_resize(&memory, slot->target, &slot->target, &slot->held_bytes);
        if (error != 0)
            slot->error = -error;
    }
    slot->done = number;
    while (write(notify, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

static void prepare_memory(const struct options* options, const struct worker_memory* how)
{
    memory = (struct memory) { .kind = options->kind,
        .directory = how->directory,
        .file = -1,
        .random = how->random,
        .huge_pages = options->huge_pages,
        .two_threads = how->two_threads && options->workers == 1,
        .seed = (uint64_t)getpid() << 40 ^ (uint64_t)clock_us(CLOCK_REALTIME) };
    // Where there are many and the CPU is short, the supervisor must still be heard, near the limit
    // above all; what is asked for is memory, and not the app's share of the CPU.
    nice(10);
}

// For seccomp profiles that refuse to let the kernel end us with our parent.
static int64_t at_most_until_a_look_at(pid_t parent, int64_t rest_us)
{
    if (getppid() != parent)
        _exit(0);
    return rest_us == RESTING_US || rest_us > SECOND_US ? SECOND_US : rest_us;
}

_Noreturn void worker_run(const struct options* options, const struct worker_memory* how,
    struct slot* slot, int notify, pid_t parent)
{
    bool dies_with_parent = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;

    if (getppid() != parent) // it died before the line above
        _exit(0);
    if (watchdog_start(0) == 0)
        watchdog_extend(options->deadline_ms + 2000);
    let_kernel_mark_end(slot);
    leave_no_core();
    // A worker needs nothing of what the supervisor had read, and would keep its copies for good.
    buffers_forget(pages_begin, pages_end);
    forget_stack();
    prctl(PR_SET_NAME, "agent-worker");
    if (slot->kind == WORKER_MEMORY)
        prepare_memory(options, how);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    for (;;) {
        int64_t rest_us;

        carry_out(slot, notify);
        rest_us = slot->kind == WORKER_CPU ? use_cpu(slot) : rewrite(options);
        if (!dies_with_parent)
            rest_us = at_most_until_a_look_at(parent, rest_us);
        if (rest_us != 0)
            futex_wait(&slot->command, slot->done, rest_us);
    }
}
