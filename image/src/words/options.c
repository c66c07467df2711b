#include "words/options.h"

#include <stddef.h>
#include <string.h>

#define SIZE_MAX_BYTES (INT64_C(1) << 46) // what one process can map
#define TIME_MAX_MS (INT64_C(366) * 24 * 3600 * 1000)

enum {
    IN_HOLD = 1 << COMMAND_HOLD,
    IN_PROBE = 1 << COMMAND_PROBE,
    IN_MEMORY = 1 << COMMAND_RUN_MEMORY,
    IN_CPU = 1 << COMMAND_RUN_CPU,
    IN_RUN = IN_MEMORY | IN_CPU,
    IN_ALL = IN_HOLD | IN_PROBE | IN_RUN,
};

struct number_option {
    const char* name;
    size_t offset;
    int commands;
    int64_t smallest;
    int64_t largest;
};

#define OPTION(name, field) name, offsetof(struct options, field)

static const struct number_option number_options[] = {
    { OPTION("--size-bytes", size_bytes), IN_MEMORY, 0, SIZE_MAX_BYTES },
    { OPTION("--workers", workers), IN_RUN, 1, WORKERS_MAX },
    { OPTION("--ramp-ms", ramp_ms), IN_RUN, 0, TIME_MAX_MS },
    { OPTION("--step-hold-ms", step_hold_ms), IN_MEMORY, 0, TIME_MAX_MS },
    { OPTION("--duration-ms", duration_ms), IN_RUN | IN_PROBE, 0, TIME_MAX_MS },
    { OPTION("--deadline-ms", deadline_ms), IN_RUN | IN_PROBE, 1, 2 * TIME_MAX_MS },
    { OPTION("--heartbeat-timeout-ms", heartbeat_timeout_ms), IN_RUN | IN_PROBE, 1, TIME_MAX_MS },
    { OPTION("--sample-interval-ms", sample_interval_ms), IN_RUN | IN_PROBE, 10, TIME_MAX_MS },
    { OPTION("--settle-ms", settle_ms), IN_RUN, 0, TIME_MAX_MS },
    { OPTION("--dirty-bytes-per-s", dirty_bytes_per_s), IN_MEMORY, 0, SIZE_MAX_BYTES },
    { OPTION("--holder-pid", holder_pid), IN_RUN | IN_PROBE, 1, INT32_MAX },
    { OPTION("--target-pid", target_pid), IN_ALL, 1, INT32_MAX },
    { OPTION("--join-pid", join_pid), IN_RUN, 1, INT32_MAX },
    { OPTION("--pod-limit-bytes", pod_limit_bytes), IN_RUN | IN_PROBE, 1, SIZE_MAX_BYTES },
    { OPTION("--linger-ms", linger_ms), IN_HOLD, 0, TIME_MAX_MS },
};

static bool parse_kind(const char* value, enum memory_kind* kind)
{
    if (text_equal(value, "anon"))
        *kind = KIND_ANON;
    else if (text_equal(value, "shm"))
        *kind = KIND_SHM;
    else if (text_equal(value, "file"))
        *kind = KIND_FILE;
    else
        return false;
    return true;
}

// -1000 is refused: the kernel would never choose us, and so kill the target instead.
static bool parse_oom_score_adj(const char* value, int64_t* adj)
{
    bool negative = value[0] == '-';

    if (text_equal(value, "same")) {
        *adj = OOM_SCORE_ADJ_SAME;
        return true;
    }
    if (!text_parse_number(value + negative, strlen(value + negative), adj))
        return false;
    if (negative)
        *adj = -*adj;
    return *adj > -1000 && *adj <= 1000;
}

static bool parse_steps(const char* value, struct options* options)
{
    options->steps_count = 0;
    for (;;) {
        size_t length = strcspn(value, ",");
        int64_t size;

        if (options->steps_count == STEPS_MAX || !text_parse_number(value, length, &size)
            || size > SIZE_MAX_BYTES)
            return false;
        options->steps_bytes[options->steps_count++] = size;
        if (value[length] == '\0')
            return true;
        value += length + 1;
    }
}

static bool parse_load(const char* value, int64_t* load)
{
    return text_parse_thousandths(value, strlen(value), load) && *load <= 100 * 1000;
}

// Returns NULL, or what is wrong.
static const char* parse_number(struct options* options, const char* name, const char* value)
{
    for (size_t i = 0; i < sizeof(number_options) / sizeof(number_options[0]); i++) {
        const struct number_option* option = &number_options[i];
        int64_t number;

        if (!text_equal(option->name, name) || !(option->commands & 1 << options->command))
            continue;
        if (!text_parse_number(value, strlen(value), &number))
            return "is not a whole number";
        if (number < option->smallest || number > option->largest)
            return "is out of range";
        *(int64_t*)(void*)((char*)options + option->offset) = number;
        return NULL;
    }
    return "no such option for this command";
}

// Returns NULL, or what is wrong.
static const char* parse_option(struct options* options, const char* name, const char* value)
{
    bool run = options->command == COMMAND_RUN_MEMORY || options->command == COMMAND_RUN_CPU;
    bool memory = options->command == COMMAND_RUN_MEMORY;

    if (memory && text_equal(name, "--kind"))
        return parse_kind(value, &options->kind) ? NULL : "is none of anon, shm, file";
    if (memory && text_equal(name, "--steps-bytes"))
        return parse_steps(value, options) ? NULL : "is no list of at most 64 sizes";
    if (run && text_equal(name, "--oom-score-adj"))
        return parse_oom_score_adj(value, &options->oom_score_adj)
            ? NULL
            : "is neither \"same\" nor a number from -999 to 1000";
    if (options->command == COMMAND_RUN_CPU && text_equal(name, "--load-percent"))
        return parse_load(value, &options->load_thousandths)
            ? NULL
            : "is no percentage from 0 to 100 with at most three decimals";
    if ((run || options->command == COMMAND_PROBE) && text_equal(name, "--target-container")) {
        options->target_container = value;
        return value[0] != '\0' ? NULL : "is no container ID";
    }
    if (text_equal(name, "--cgroup-root")) { // not in the usage: for tests on file trees
        options->cgroup_root = value;
        return NULL;
    }
    return parse_number(options, name, value);
}

// Returns how many arguments name the command, or 0.
static int parse_command(struct options* options, int count, char* const* arguments)
{
    static const struct {
        const char* name;
        enum command command;
    } commands[] = { { "hold", COMMAND_HOLD }, { "probe", COMMAND_PROBE }, { "end", COMMAND_END },
        { "version", COMMAND_VERSION } };

    if (count < 1)
        return 0;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (text_equal(arguments[0], commands[i].name)) {
            options->command = commands[i].command;
            return 1;
        }
    }
    if (count < 2 || !text_equal(arguments[0], "run"))
        return 0;
    if (text_equal(arguments[1], "mem"))
        options->command = COMMAND_RUN_MEMORY;
    else if (text_equal(arguments[1], "cpu"))
        options->command = COMMAND_RUN_CPU;
    else
        return 0;
    return 2;
}

// The deadline leaves a minute beyond everything that was asked for.
static void set_default_deadline(struct options* options)
{
    if (options->deadline_ms == ABSENT)
        options->deadline_ms = options->ramp_ms + options->steps_count * options->step_hold_ms
            + options->duration_ms + options->settle_ms + 60000;
}

// Returns NULL, or what is missing.
static const char* check(struct options* options)
{
    bool run = options->command == COMMAND_RUN_MEMORY || options->command == COMMAND_RUN_CPU;

    if (run && options->duration_ms == ABSENT)
        return "--duration-ms is needed";
    if (options->command == COMMAND_RUN_MEMORY && options->size_bytes == ABSENT)
        return "--size-bytes is needed";
    if (options->command == COMMAND_RUN_CPU && options->load_thousandths == ABSENT)
        return "--load-percent is needed";
    if (options->duration_ms == ABSENT)
        options->duration_ms = 0;
    set_default_deadline(options);
    return NULL;
}

static const char* message(const char* name, const char* value, const char* problem)
{
    static char text[256];
    size_t length = text_append(text, sizeof(text), 0, name);

    if (value != NULL) {
        length = text_append(text, sizeof(text), length, " ");
        length = text_append(text, sizeof(text), length, value);
    }
    length = text_append(text, sizeof(text), length, ": ");
    text_append(text, sizeof(text), length, problem);
    return text;
}

// Parses the arguments after the program's name. Returns NULL, or what is wrong with them.
const char* options_parse(struct options* options, int count, char* const* arguments)
{
    *options = (struct options) { .size_bytes = ABSENT,
        .load_thousandths = ABSENT,
        .workers = 1,
        .duration_ms = ABSENT,
        .deadline_ms = ABSENT,
        .heartbeat_timeout_ms = 10000,
        .sample_interval_ms = 100,
        .oom_score_adj = OOM_SCORE_ADJ_SAME,
        .holder_pid = ABSENT,
        .target_pid = 1,
        .join_pid = ABSENT,
        .linger_ms = 600000,
        .pod_limit_bytes = ABSENT };

    int used = parse_command(options, count, arguments);
    bool run = options->command == COMMAND_RUN_MEMORY || options->command == COMMAND_RUN_CPU;

    if (used == 0)
        return "give one of: hold, probe, run mem, run cpu, end, version";
    while (used < count) {
        const char* name = arguments[used++];
        const char* problem;

        if (run && text_equal(name, "--detach")) {
            options->detach = true;
            continue;
        }
        if (options->command == COMMAND_RUN_MEMORY && text_equal(name, "--huge-pages")) {
            options->huge_pages = true;
            continue;
        }
        if (used == count)
            return message(name, NULL, "a value is needed");
        problem = parse_option(options, name, arguments[used++]);
        if (problem != NULL)
            return message(name, arguments[used - 1], problem);
    }
    return check(options);
}
