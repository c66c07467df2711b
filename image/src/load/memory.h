// One worker's share of the memory load: reserve, fill, rewrite, give back.
#pragma once

#include "words/options.h"

#include <stdatomic.h>
#include <stdint.h>

// What is filled and rewritten at once. A larger page of the machine holds several.
enum { MEMORY_CONTENT_BYTES = 4096 };

struct memory {
    enum memory_kind kind;
    int directory; // where a file of page cache may be created
    bool random; // every byte is random, for nodes that can compress or swap pages
    bool huge_pages;
    bool two_threads;
    uint64_t seed; // no two workers write the same page

    int file; // shm and file
    char* base;
    int64_t mapped_bytes;
    int64_t held_bytes;
    int64_t rewrite_at;
};

// Brings the load to `size_bytes`, or less where `wanted_bytes` sinks meanwhile. `held_bytes`
// follows all the way. Returns 0 or -errno.
int memory_resize(struct memory* memory, int64_t size_bytes, const _Atomic int64_t* wanted_bytes,
    _Atomic int64_t* held_bytes);

// Writes whole pages anew, one after another, around the load.
void memory_rewrite(struct memory* memory, int64_t bytes);
