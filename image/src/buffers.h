// Large buffers lie together behind the small variables, so that a process touches few pages: each
// page touched is one that the target's cgroup pays for.
#pragma once

#define BUFFER __attribute__((section(".bss.zbuffers")))
