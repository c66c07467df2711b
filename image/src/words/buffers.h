// Large buffers lie together behind the small variables, so that a process touches few pages: each
// page touched is one that the target's cgroup pays for.
#pragma once

#define BUFFER __attribute__((section(".bss.zbuffers")))

// Of these only the beginning is used as a rule: it shall not lie across two pages.
#define PAGE_BUFFER __attribute__((section(".bss.zpages"), aligned(4096)))

// Where those are. agent.ld says so; in a build for the machine itself both are NULL.
extern char pages_begin[] __attribute__((weak));
extern char pages_end[] __attribute__((weak));
