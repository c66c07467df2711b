#include "load/workers.h"

#include "kernel/watchdog.h"
#include "observe/processes.h"
#include "observe/readings.h"
#include "words/clock.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SLICE_MS = 100,
    RELEASE_MAX_MS = 60000, // and a millisecond for each MiB that was held
};

// Beside the program, so that it needs no page tables of its own.
#define SHARED_HINT ((void*)0x1100000)

static struct slot* slots; // one page or a few, shared with the workers
static int64_t slot_count;
static int64_t cpu_count;

static bool lives(const struct slot* slot) { return slot->pid != 0 && !slot->told; }

static bool carries(const struct slot* slot, enum worker_kind kind)
{
    return slot->kind == kind && lives(slot);
}

// More processes than CPUs could use no more of them, and would crowd out the supervisor.
static int64_t cpu_worker_count(int64_t asked)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) == 0 && asked > CPU_COUNT(&set))
        return CPU_COUNT(&set);
    return asked;
}

static int start_one(struct workers* workers, const struct options* options,
    const struct worker_memory* memory, enum worker_kind kind)
{
    struct slot* slot = &slots[slot_count];
    pid_t parent = getpid();
    pid_t pid;

    watchdog_extend(HANGING_MS); // hundreds of forks take long where the CPU is throttled
    slot->kind = kind;
    pid = _Fork(); // without handlers and locks of threads, of which there are none
    if (pid < 0)
        return -errno;
    if (pid == 0)
        worker_run(options, memory, slot, workers->notify, parent);
    slot->pid = pid;
    slot_count++;
    workers->alive++;
    workers->alive_memory += kind == WORKER_MEMORY;
    return 0;
}

int workers_start(
    struct workers* workers, const struct options* options, const struct worker_memory* memory)
{
    int64_t memory_count = options->has_memory ? options->workers : 0;
    int64_t all;
    int error = 0;

    cpu_count = options->has_cpu ? cpu_worker_count(options->cpu_workers) : 0;
    all = memory_count + cpu_count;
    *workers = (struct workers) { .notify = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    slots = mmap(SHARED_HINT, (size_t)all * sizeof(struct slot), PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (workers->notify < 0 || slots == MAP_FAILED)
        return -errno;
    while (slot_count < all && error == 0)
        error = start_one(
            workers, options, memory, slot_count < memory_count ? WORKER_MEMORY : WORKER_CPU);
    return error;
}

static void tell(struct slot* slot, int64_t target)
{
    if (slot->target == target)
        return;
    slot->target = target;
    slot->command++;
    syscall(SYS_futex, &slot->command, FUTEX_WAKE, 1, NULL, NULL, 0);
}

// The shares are those of the start: the workers that are left do not take over what was lost.
void workers_command_load(int64_t total_thousandths)
{
    for (int64_t i = 0; i < slot_count; i++)
        if (carries(&slots[i], WORKER_CPU))
            tell(&slots[i], total_thousandths / cpu_count);
}

void workers_take_off(int64_t us)
{
    for (int64_t i = 0; i < slot_count; i++)
        if (carries(&slots[i], WORKER_CPU))
            slots[i].others_us += us / cpu_count;
}

// Tells each living worker its share of `total_bytes`. The shares differ by a page at most.
void workers_command_total(struct workers* workers, int64_t total_bytes)
{
    int64_t page = getpagesize();
    int64_t pages = (total_bytes + page - 1) / page;
    int64_t given = 0;
    int64_t index = 0;

    workers->commanded = 0;
    for (int64_t i = 0; i < slot_count; i++) {
        struct slot* slot = &slots[i];
        int64_t share;

        if (!carries(slot, WORKER_MEMORY))
            continue;
        index++;
        share = (int64_t)((__int128)pages * index / workers->alive_memory) - given;
        given += share;
        workers->commanded += share * page;
        tell(slot, share * page);
    }
}

bool workers_busy(enum worker_kind kind)
{
    for (int64_t i = 0; i < slot_count; i++)
        if (carries(&slots[i], kind) && slots[i].done != slots[i].command)
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

int64_t workers_used_us(void)
{
    int64_t used_us = 0;

    for (int64_t i = 0; i < slot_count; i++)
        used_us += slots[i].used_us;
    return used_us;
}

int64_t workers_due_us(void)
{
    int64_t due_us = 0;

    for (int64_t i = 0; i < slot_count; i++)
        due_us += slots[i].due_us;
    return due_us;
}

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
        if (slots[i].kind == WORKER_MEMORY && slots[i].target > largest)
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
    dead->kind = slot->kind;
    dead->pid = slot->pid;
    dead->signal = signal;
    dead->held_bytes = slot->held_bytes;
    slot->told = true;
    workers->alive--;
    if (slot->kind == WORKER_CPU)
        return;
    workers->alive_memory--;
    workers->commanded -= slot->target;
}

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

bool workers_lost_a_load(const struct workers* workers, const struct options* options)
{
    return (options->has_memory && workers->alive_memory == 0)
        || (options->has_cpu && workers->alive == workers->alive_memory);
}

static int64_t kill_all(void)
{
    int64_t bytes = 0;

    for (int64_t i = 0; i < slot_count; i++) {
        if (slots[i].pid == 0)
            continue;
        kill((pid_t)slots[i].pid, SIGKILL);
        bytes += slots[i].held_bytes;
    }
    return bytes;
}

// Only ours: whoever became this process by exec may have had children before.
static bool all_have_ended(void)
{
    bool all = true;

    for (int64_t i = 0; i < slot_count; i++) {
        if (slots[i].pid != 0 && waitpid((pid_t)slots[i].pid, NULL, WNOHANG) == 0)
            all = false;
        else
            slots[i].pid = 0;
    }
    return all;
}

// Whether the kernel still gives memory back, or would if the cgroup were given the CPU.
static bool goes_on(const struct cgroup* cgroup, struct readings* last)
{
    struct readings now;

    readings_forget(&now);
    readings_take(cgroup, &now, CADENCE_STAT | CADENCE_SLOW);
    if (now.anon_bytes >= last->anon_bytes && now.shmem_bytes >= last->shmem_bytes
        && now.cpu_throttled_us <= last->cpu_throttled_us)
        return false;
    *last = now;
    return true;
}

// A killed process that waits for memory or for the CPU may need long, which is not to hang: the
// watchdog is put off for as long as something moves, within a bound. A stopped one dies at once.
void workers_stop(struct workers* workers, const struct cgroup* cgroup)
{
    static const struct timespec slice = { .tv_nsec = SLICE_MS * 1000000 };
    int64_t last_ms = now_ms() + RELEASE_MAX_MS + kill_all() / (1 << 20);
    struct readings last;
    sigset_t ends;

    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    readings_forget(&last);
    last.anon_bytes = last.shmem_bytes = INT64_MAX;
    watchdog_extend(HANGING_MS);
    while (!all_have_ended())
        if (sigtimedwait(&ends, NULL, &slice) < 0 && now_ms() < last_ms && goes_on(cgroup, &last))
            watchdog_extend(HANGING_MS);
    workers->alive = workers->alive_memory = workers->commanded = 0;
}
