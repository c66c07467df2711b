#include "load/workers.h"

#include "kernel/watchdog.h"
#include "load/cpu.h"
#include "load/memory.h"
#include "observe/processes.h"
#include "words/buffers.h"
#include "words/clock.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    RESTING_US = -1,
    REWRITE_MS = 20,
};

// Beside the program, so that it needs no page tables of its own.
#define SHARED_HINT ((void*)0x1100000)

struct slot {
    _Atomic uint32_t command; // raised with each new target; a worker waits on it
    _Atomic uint32_t done; // the last command that was carried out
    _Atomic int64_t target;
    _Atomic int64_t held_bytes;
    _Atomic int64_t used_us;
    _Atomic int error;
    _Atomic int64_t pid; // 0 when it is gone
    bool told; // its end is known; the kernel may still be taking its memory back
    struct robust_list_head robust; // the worker's own, read by the kernel when it ends
    _Atomic uint32_t life; // the worker's ID; the kernel marks it as the first step of its end
};

static struct slot* slots; // one page or a few, shared with the workers
static int64_t slot_count;
static struct memory memory;

static void futex_wait(_Atomic uint32_t* word, uint32_t value, int64_t timeout_us)
{
    struct timespec timeout
        = { .tv_sec = timeout_us / 1000000, .tv_nsec = timeout_us % 1000000 * 1000 };

    syscall(
        SYS_futex, word, FUTEX_WAIT, value, timeout_us == RESTING_US ? NULL : &timeout, NULL, 0);
}

static bool lives(const struct slot* slot) { return slot->pid != 0 && !slot->told; }

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

static void finish_command(struct slot* slot, uint32_t command, int notify)
{
    uint64_t one = 1;

    slot->done = command;
    while (write(notify, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

static int64_t rest_memory(const struct options* options)
{
    int64_t share = options->dirty_bytes_per_s / options->workers;

    if (share == 0 || memory.held_bytes == 0)
        return RESTING_US;
    static int64_t last_us;
    static int64_t owed_bytes;
    int64_t now_us = clock_us(CLOCK_MONOTONIC);

    if (last_us != 0)
        owed_bytes += (int64_t)((__int128)share * (now_us - last_us) / 1000000);
    last_us = now_us;
    if (owed_bytes > share) // never catch up more than a second
        owed_bytes = share;
    memory_rewrite(&memory, owed_bytes / 4096 * 4096);
    owed_bytes %= 4096;
    return REWRITE_MS * 1000;
}

static int64_t rest_cpu(struct cpu* cpu, struct slot* slot)
{
    int64_t sleep_us;

    if (slot->target == 0) {
        cpu_start(cpu);
        return RESTING_US;
    }
    sleep_us = cpu_work_one_period(cpu, slot->target);
    slot->used_us = clock_us(CLOCK_PROCESS_CPUTIME_ID);
    return sleep_us;
}

static void carry_out(const struct options* options, struct slot* slot, int notify)
{
    uint32_t number = slot->command;

    if (number == slot->done)
        return;
    if (options->command == COMMAND_RUN_MEMORY) {
        int error = memory_resize(&memory, slot->target, &slot->target, &slot->held_bytes);
        if (error != 0)
            slot->error = -error;
    }
    finish_command(slot, number, notify);
}

// A worker needs nothing of what the supervisor had read, and would keep its copies for good.
static void forget_pages(void)
{
    madvise(pages_begin, (uintptr_t)pages_end - (uintptr_t)pages_begin, MADV_DONTNEED);
}

static _Noreturn void work(
    const struct options* options, struct slot* slot, int notify, pid_t parent)
{
    struct cpu cpu;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) // it died before the line above
        _exit(0);
    if (watchdog_start(0) == 0)
        watchdog_extend(options->deadline_ms + 2000);
    let_kernel_mark_end(slot);
    forget_pages();
    prctl(PR_SET_NAME, "agent-worker");
    // Where there are many and the CPU is short, the supervisor must still be heard, near the limit
    // above all; what is asked for is memory, and not the app's share of the CPU.
    if (options->command == COMMAND_RUN_MEMORY)
        nice(10);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    cpu_start(&cpu);
    for (;;) {
        int64_t rest_us;

        carry_out(options, slot, notify);
        rest_us = options->command == COMMAND_RUN_CPU ? rest_cpu(&cpu, slot) : rest_memory(options);
        if (rest_us != 0)
            futex_wait(&slot->command, slot->done, rest_us);
    }
}

static void prepare_memory(
    const struct options* options, bool two_threads, bool random, int file_directory)
{
    memory = (struct memory) { .kind = options->kind,
        .directory = file_directory,
        .file = -1,
        .random = random,
        .huge_pages = options->huge_pages,
        .two_threads = two_threads && options->workers == 1 };
}

// Starts the workers, with nothing to do yet. Returns 0 or -errno.
int workers_start(struct workers* workers, const struct options* options, bool two_threads,
    bool random, int file_directory)
{
    size_t size = (size_t)options->workers * sizeof(struct slot);
    pid_t parent = getpid();

    *workers = (struct workers) { .notify = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    slots = mmap(SHARED_HINT, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (workers->notify < 0 || slots == MAP_FAILED)
        return -errno;
    prepare_memory(options, two_threads, random, file_directory);
    for (slot_count = 0; slot_count < options->workers; slot_count++) {
        pid_t pid;

        watchdog_extend(HANGING_MS); // hundreds of forks take long where the CPU is throttled
        pid = fork();

        if (pid < 0)
            return -errno;
        if (pid == 0) {
            memory.seed = (uint64_t)getpid() << 40 ^ (uint64_t)clock_us(CLOCK_REALTIME);
            work(options, &slots[slot_count], workers->notify, parent);
        }
        slots[slot_count].pid = pid;
        workers->alive++;
    }
    return 0;
}

static void tell(struct workers* workers, struct slot* slot, int64_t target)
{
    workers->commanded += target;
    if (slot->target == target)
        return;
    slot->target = target;
    slot->command++;
    syscall(SYS_futex, &slot->command, FUTEX_WAKE, 1, NULL, NULL, 0);
}

// Tells every living worker the same load of the CPU.
void workers_command_each(struct workers* workers, int64_t target)
{
    workers->commanded = 0;
    for (int64_t i = 0; i < slot_count; i++)
        if (lives(&slots[i]))
            tell(workers, &slots[i], target);
}

// Tells each living worker its share of `total`. The shares differ by a page at most.
void workers_command_total(struct workers* workers, int64_t total)
{
    int64_t page = sysconf(_SC_PAGESIZE);
    int64_t pages = (total + page - 1) / page;
    int64_t given = 0;
    int64_t index = 0;

    workers->commanded = 0;
    for (int64_t i = 0; i < slot_count; i++) {
        struct slot* slot = &slots[i];
        int64_t share;

        if (!lives(slot))
            continue;
        index++;
        share = (int64_t)((__int128)pages * index / workers->alive) - given;
        given += share;
        tell(workers, slot, share * page);
    }
}

bool workers_busy(void)
{
    for (int64_t i = 0; i < slot_count; i++)
        if (lives(&slots[i]) && slots[i].done != slots[i].command)
            return true;
    return false;
}

int64_t workers_held_bytes(void)
{
    int64_t held_bytes = 0;

    for (int64_t i = 0; i < slot_count; i++)
        if (lives(&slots[i]))
            held_bytes += slots[i].held_bytes;
    return held_bytes;
}

// CPU time of all workers, those that are gone included.
int64_t workers_used_us(void)
{
    int64_t used_us = 0;

    for (int64_t i = 0; i < slot_count; i++)
        used_us += slots[i].used_us;
    return used_us;
}

// The first error that a worker met (an errno), or 0.
int workers_error(void)
{
    for (int64_t i = 0; i < slot_count; i++)
        if (slots[i].error != 0)
            return slots[i].error;
    return 0;
}

int64_t workers_largest_share(void)
{
    int64_t largest = 0;

    for (int64_t i = 0; i < slot_count; i++)
        if (slots[i].target > largest)
            largest = slots[i].target;
    return largest;
}

static struct slot* slot_of(pid_t pid)
{
    for (int64_t i = 0; i < slot_count; i++)
        if (slots[i].pid == pid)
            return &slots[i];
    return NULL;
}

static void tell_end(
    struct workers* workers, struct slot* slot, int64_t signal, struct dead_worker* dead)
{
    dead->pid = slot->pid;
    dead->signal = signal;
    dead->held_bytes = slot->held_bytes;
    slot->told = true;
    workers->alive--;
    workers->commanded -= slot->target;
}

// Finds one worker that ends or has ended, each once. Returns false when there is none.
bool workers_find_dead(struct workers* workers, struct dead_worker* dead)
{
    int status;
    pid_t pid;

    for (int64_t i = 0; i < slot_count; i++) {
        int64_t signal;

        if (!lives(&slots[i]) || (slots[i].life & FUTEX_OWNER_DIED) == 0)
            continue;
        signal = process_ending_signal(slots[i].pid);
        if (signal == 0)
            continue;
        tell_end(workers, &slots[i], signal, dead);
        return true;
    }
    while (workers->has_child_ended && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct slot* slot = slot_of(pid);
        bool is_news = slot != NULL && !slot->told;

        if (is_news)
            tell_end(workers, slot, WIFSIGNALED(status) ? WTERMSIG(status) : 0, dead);
        if (slot != NULL)
            slot->pid = 0;
        if (is_news)
            return true;
    }
    workers->has_child_ended = false;
    return false;
}

// Ends every worker and waits until the kernel has taken all of its memory back. A killed process
// that waits for memory itself may need a while; a stopped one dies at once.
void workers_stop(struct workers* workers)
{
    int64_t bytes = 0;

    for (int64_t i = 0; i < slot_count; i++) {
        if (slots[i].pid == 0)
            continue;
        kill((pid_t)slots[i].pid, SIGKILL);
        bytes += slots[i].held_bytes;
    }
    watchdog_extend(HANGING_MS + bytes / (1 << 20)); // 1 ms a MiB: ten times as long
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
    for (int64_t i = 0; i < slot_count; i++)
        slots[i].pid = 0;
    workers->alive = 0;
    workers->commanded = 0;
}
