#include "load/memory.h"

#include "load/backing.h"
#include "words/buffers.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum {
    CHUNK_BYTES = 512 * 1024, // small enough to be still in the cache when its content is written
    SECOND_THREAD_FROM_BYTES = 8 * 1024 * 1024,
    HUGE_PAGE_BYTES = 2 * 1024 * 1024,
};

// Low, so that the page tables of the load share their upper levels with the program's.
#define BASE_HINT ((char*)0x4000000)

// What both filling threads work on. They take chunks in turn until none is left.
static struct {
    struct memory* memory;
    _Atomic int64_t next_bytes;
    int64_t end_bytes;
    int64_t chunk_bytes;
    const _Atomic int64_t* wanted_bytes;
    _Atomic int64_t* held_bytes;
    _Atomic int error;
} filling;

BUFFER static _Alignas(16) char second_stack[4096];
static _Atomic int second_running;

static uint64_t mixed(uint64_t value)
{
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

// Makes a page that no other page equals (same-page merging) and, where the node can compress or
// swap, one that does not shrink.
static void write_content(const struct memory* memory, int64_t offset, uint64_t salt)
{
    uint64_t* words = (uint64_t*)(void*)(memory->base + offset);
    uint64_t state = mixed(memory->seed + (uint64_t)offset + salt);

    if (!memory->random) {
        words[0] = state;
        return;
    }
    for (int i = 0; i < MEMORY_CONTENT_BYTES / 8; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        words[i] = state;
    }
}

// madvise without errno: both threads of a fill share one. Returns 0 or -errno.
static int advise(char* start, int64_t length, int advice)
{
#if defined(__x86_64__)
    long result = SYS_madvise;

    __asm__ volatile("syscall"
        : "+a"(result)
        : "D"(start), "S"(length), "d"((long)advice)
        : "rcx", "r11", "memory");
    return (int)result;
#elif defined(__aarch64__)
    register long number __asm__("x8") = SYS_madvise;
    register long first __asm__("x0") = (long)start;
    register long second __asm__("x1") = (long)length;
    register long third __asm__("x2") = advice;

    __asm__ volatile("svc 0" : "+r"(first) : "r"(number), "r"(second), "r"(third) : "memory");
    return (int)first;
#else
#error "no system call for this architecture"
#endif
}

// Maps the pages of a range. A kernel before 5.14 does not know the advice, and a seccomp profile
// may refuse it: writing the content touches them as well. Returns 0 or -errno.
static int populate(char* start, int64_t length)
{
    static _Atomic bool unknown;
    int error = unknown ? 0 : advise(start, length, MADV_POPULATE_WRITE);

    if (error != -EINVAL && error != -ENOSYS && error != -EPERM)
        return error;
    unknown = true;
    return 0;
}

// Runs in one or two threads, each taking the next chunk until none is left or the supervisor asks
// for less. A chunk that was taken is always finished, so that what is filled has no holes.
static int fill_chunks(void* unused)
{
    struct memory* memory = filling.memory;

    (void)unused;
    while (filling.error == 0 && filling.next_bytes < *filling.wanted_bytes) {
        int64_t start = atomic_fetch_add(&filling.next_bytes, filling.chunk_bytes);
        int64_t end = start + filling.chunk_bytes;
        int error;

        if (start >= filling.end_bytes)
            break;
        if (end > filling.end_bytes)
            end = filling.end_bytes;
        error = populate(memory->base + start, end - start);
        if (error != 0) {
            filling.error = error;
            break;
        }
        for (int64_t at = start; at < end; at += MEMORY_CONTENT_BYTES)
            write_content(memory, at, 0);
        atomic_fetch_add(filling.held_bytes, end - start);
    }
    return 0;
}

// The C library's own primitive: its clone() refuses threads, since they lack what it keeps for
// them. Ours uses nothing of that.
int __clone(int (*function)(void*), void* stack, int flags, void* argument, ...);

// A thread without the C library's help: it needs no thread-local storage, and one page of stack.
static void start_second_thread(void)
{
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM
        | CLONE_CHILD_CLEARTID;
    void* const unused = NULL;

    second_running = 1;
    if (__clone(fill_chunks, second_stack + sizeof(second_stack), flags, unused, unused, unused,
            &second_running)
        < 0)
        second_running = 0; // a limit on processes: one thread does it all
}

static void wait_for_second_thread(void)
{
    while (second_running != 0)
        syscall(SYS_futex, &second_running, FUTEX_WAIT, 1, NULL, NULL, 0);
    buffers_forget(buffers_begin, buffers_end); // its stack, which is not needed while holding
}

// Touches what is mapped and not yet held. Returns 0 or -errno.
static int fill(
    struct memory* memory, const _Atomic int64_t* wanted_bytes, _Atomic int64_t* held_bytes)
{
    int64_t missing_bytes = memory->mapped_bytes - memory->held_bytes;

    filling.memory = memory;
    filling.next_bytes = memory->held_bytes;
    filling.end_bytes = memory->mapped_bytes;
    filling.chunk_bytes = memory->huge_pages ? HUGE_PAGE_BYTES : CHUNK_BYTES;
    filling.wanted_bytes = wanted_bytes;
    filling.held_bytes = held_bytes;
    filling.error = 0;
    if (memory->two_threads && missing_bytes >= SECOND_THREAD_FROM_BYTES)
        start_second_thread();
    fill_chunks(NULL);
    wait_for_second_thread();
    memory->held_bytes
        = filling.next_bytes < filling.end_bytes ? filling.next_bytes : filling.end_bytes;
    return filling.error;
}

// Returns 0 or -errno.
static int map_first(struct memory* memory, int64_t size_bytes)
{
    int flags = memory->kind == KIND_ANON ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    int file = memory->kind == KIND_ANON ? -1 : memory->file;
    char* base = mmap(BASE_HINT, (size_t)size_bytes, PROT_READ | PROT_WRITE, flags, file, 0);

    if (base == MAP_FAILED)
        return -errno;
    memory->base = base;
    memory->mapped_bytes = size_bytes;
    advise(base, size_bytes, memory->huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    advise(base, size_bytes, MADV_DONTDUMP); // the load would be all of a core file
    return 0;
}

// Returns 0 or -errno.
static int remap(struct memory* memory, int64_t size_bytes)
{
    char* base;

    if (memory->mapped_bytes == 0)
        return size_bytes == 0 ? 0 : map_first(memory, size_bytes);
    if (size_bytes == 0) {
        munmap(memory->base, (size_t)memory->mapped_bytes);
        memory->mapped_bytes = 0;
        return 0;
    }
    base = mremap(memory->base, (size_t)memory->mapped_bytes, (size_t)size_bytes, MREMAP_MAYMOVE);
    if (base == MAP_FAILED)
        return -errno;
    memory->base = base;
    memory->mapped_bytes = size_bytes;
    return 0;
}

// Unmapping the tail gives back its pages and its page tables at once, in usage as in RSS.
static int shrink(struct memory* memory, int64_t size_bytes)
{
    int error = remap(memory, size_bytes);

    if (error == 0 && memory->kind != KIND_ANON)
        error = backing_resize(memory, size_bytes);
    return error;
}

int memory_resize(struct memory* memory, int64_t size_bytes, const _Atomic int64_t* wanted_bytes,
    _Atomic int64_t* held_bytes)
{
    int error = 0;

    if (memory->huge_pages) // half a huge page given back would stay charged
        size_bytes = (size_bytes + HUGE_PAGE_BYTES - 1) / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES;
    if (size_bytes < memory->mapped_bytes)
        error = shrink(memory, size_bytes);
    else if (size_bytes > memory->mapped_bytes && memory->kind != KIND_ANON)
        error = backing_resize(memory, size_bytes);
    if (error == 0 && size_bytes > memory->mapped_bytes)
        error = remap(memory, size_bytes);
    if (memory->held_bytes > memory->mapped_bytes)
        memory->held_bytes = memory->mapped_bytes;
    *held_bytes = memory->held_bytes;
    return error != 0 ? error : fill(memory, wanted_bytes, held_bytes);
}

void memory_rewrite(struct memory* memory, int64_t bytes)
{
    static uint64_t salt = 1; // 0 is what the load was filled with

    for (; bytes > 0 && memory->held_bytes > 0; bytes -= MEMORY_CONTENT_BYTES) {
        if (memory->rewrite_at >= memory->held_bytes) {
            memory->rewrite_at = 0;
            salt++;
        }
        for (uint64_t i = 0; i < MEMORY_CONTENT_BYTES; i += sizeof(uint64_t))
            *(uint64_t*)(void*)(memory->base + memory->rewrite_at + i) = salt;
        write_content(memory, memory->rewrite_at, salt);
        memory->rewrite_at += MEMORY_CONTENT_BYTES;
    }
}
