// The file behind a load of shared memory or of page cache.
#pragma once

#include "load/memory.h"

#include <stdint.h>

// Creates it at the first call, and gives it this size. Returns 0 or -errno.
int backing_resize(struct memory* memory, int64_t size_bytes);
