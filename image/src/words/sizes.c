#include "words/sizes.h"

#include "words/text.h"

#include <string.h>

static bool parse_bytes(const char* text, size_t length, int64_t* bytes)
{
    return text_parse_number(text, length, bytes) && *bytes <= SIZE_MAX_BYTES;
}

bool size_parse(const char* text, int64_t* bytes) { return parse_bytes(text, strlen(text), bytes); }

// "N,N,…", at most STEPS_MAX of them.
bool steps_parse(const char* text, struct steps* steps)
{
    steps->count = 0;
    for (;;) {
        size_t length = strcspn(text, ",");

        if (steps->count == STEPS_MAX || !parse_bytes(text, length, &steps->bytes[steps->count]))
            return false;
        steps->count++;
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
}

// The load of one worker, in thousandths of a percent of one CPU.
bool load_parse(const char* text, int64_t* thousandths)
{
    return text_parse_thousandths(text, strlen(text), thousandths) && *thousandths <= FULL_LOAD;
}

bool cpu_level_parse(const char* text, int64_t* thousandths)
{
    return text_parse_thousandths(text, strlen(text), thousandths) && *thousandths <= CPU_LEVEL_MAX;
}

// "N", "P%" or "limit-N". Leaves the metric alone.
bool level_parse(const char* text, struct level* level)
{
    static const char below[] = "limit-";
    size_t length = strlen(text);

    if (text_starts_with(text, below)) {
        level->base = LEVEL_BELOW_LIMIT;
        return size_parse(text + strlen(below), &level->value);
    }
    if (length > 0 && text[length - 1] == '%') {
        level->base = LEVEL_SHARE;
        return text_parse_thousandths(text, length - 1, &level->value) && level->value <= FULL_LOAD;
    }
    level->base = LEVEL_BYTES;
    return size_parse(text, &level->value);
}

bool metric_parse(const char* text, enum level_metric* metric)
{
    *metric = text_equal(text, "usage") ? METRIC_USAGE : METRIC_WORKING_SET;
    return *metric == METRIC_USAGE || text_equal(text, "working-set");
}

// What the level is in bytes under this limit; ABSENT where it is a share of no limit.
int64_t level_bytes(const struct level* level, int64_t limit_bytes)
{
    if (level->base == LEVEL_BYTES)
        return level->value;
    if (level->base == LEVEL_NONE || limit_bytes == ABSENT)
        return ABSENT;
    if (level->base == LEVEL_SHARE)
        return (int64_t)((__int128)limit_bytes * level->value / FULL_LOAD);
    return level->value < limit_bytes ? limit_bytes - level->value : 0;
}
