// Sizes and levels as they stand in options and in commands. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SIZE_MAX_BYTES (INT64_C(1) << 46) // what one process can map
#define CPU_LEVEL_MAX (INT64_C(25600) * 1000) // thousandths of a percent of one CPU: 256 CPUs

enum { STEPS_MAX = 64, FULL_LOAD = 100 * 1000 };

struct steps {
    int64_t count;
    int64_t bytes[STEPS_MAX];
};

enum level_base {
    LEVEL_NONE,
    LEVEL_BYTES, // value in bytes
    LEVEL_SHARE, // value in thousandths of a percent of the limit
    LEVEL_BELOW_LIMIT, // value in bytes
};

enum level_metric { METRIC_WORKING_SET, METRIC_USAGE };

// What the container as a whole is held at.
struct level {
    enum level_base base;
    enum level_metric metric;
    int64_t value;
};

bool size_parse(const char* text, int64_t* bytes);
bool steps_parse(const char* text, struct steps* steps);
bool load_parse(const char* text, int64_t* thousandths);
bool cpu_level_parse(const char* text, int64_t* thousandths);
bool level_parse(const char* text, struct level* level);
bool metric_parse(const char* text, enum level_metric* metric);
int64_t level_bytes(const struct level* level, int64_t limit_bytes);
