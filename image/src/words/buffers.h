// Large buffers lie together behind the small variables, so that a process touches few pages: each
// page touched is one that the target's cgroup pays for.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define BUFFER __attribute__((section(".bss.zbuffers")))

// Of these only the beginning is used as a rule: it shall not lie across two pages.
#define PAGE_BUFFER __attribute__((section(".bss.zpages"), aligned(4096)))

// One page for two: what is small, and behind it a table of which only the beginning is used.
#define HALF_PAGE_BUFFER __attribute__((section(".bss.zhalf"), aligned(4096)))
#define TABLE_BUFFER __attribute__((section(".bss.ztable")))

// Where those are. agent.ld says so; in a build for the machine itself both are NULL.
extern char pages_begin[] __attribute__((weak));
extern char pages_end[] __attribute__((weak));
extern char buffers_begin[] __attribute__((weak));
extern char buffers_end[] __attribute__((weak));

// Gives back what lies between; it reads as zero from then on.
static inline void buffers_forget(char* begin, const char* end)
{
    madvise(begin, (size_t)((uintptr_t)end - (uintptr_t)begin), MADV_DONTNEED);
}
