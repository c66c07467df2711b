#include "words/options.h"

#include "words/buffers.h"

#include <stddef.h>
#include <string.h>

#define TIME_MAX_MS (INT64_C(366) * 24 * 3600 * 1000)

// Which options go with what.
enum {
    IN_HOLD = 1,
    IN_PROBE = 2,
    IN_MEMORY = 4,
    IN_CPU = 8,
    IN_RUN = IN_MEMORY | IN_CPU,
    IN_ALL = IN_HOLD | IN_PROBE | IN_RUN,
};

struct number_option {
    const char* name;
    uint16_t offset; // where in struct options
    uint8_t places;
    uint8_t smallest;
    int64_t largest;
};

#define OPTION(name, field) name, offsetof(struct options, field)

static const struct number_option number_options[] = {
    { OPTION("--protocol", protocol), IN_ALL, PROTOCOL, INT32_MAX },
    { OPTION("--go-timeout-ms", go_timeout_ms), IN_RUN, 1, TIME_MAX_MS },
    { OPTION("--size-bytes", size_bytes), IN_MEMORY, 0, SIZE_MAX_BYTES },
    { OPTION("--workers", workers), IN_MEMORY, 1, WORKERS_MAX },
    { OPTION("--cpu-workers", cpu_workers), IN_CPU, 1, WORKERS_MAX },
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

// Where the options of this command belong.
static int places_of(const struct options* options)
{
    switch (options->command) {
    case COMMAND_HOLD:
        return IN_HOLD;
    case COMMAND_PROBE:
        return IN_PROBE;
    case COMMAND_RUN:
        return (options->has_memory ? IN_MEMORY : 0) | (options->has_cpu ? IN_CPU : 0);
    default:
        return 0;
    }
}

// Returns NULL, or what is wrong.
static const char* parse_number(struct options* options, const char* name, const char* value)
{
    for (size_t i = 0; i < sizeof(number_options) / sizeof(number_options[0]); i++) {
        const struct number_option* option = &number_options[i];
        int64_t number;

        if (!text_equal(option->name, name) || !(option->places & places_of(options)))
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

// Returns true where the option is one that takes a text; *problem says what is wrong with that.
static bool parse_text_option(
    struct options* options, const char* name, const char* value, const char** problem)
{
    static const struct {
        const char* name;
        size_t offset;
        int places;
        size_t longest;
        bool (*fits)(const char* text, size_t longest);
        const char* problem;
    } text_options[] = {
        { OPTION("--run-id", run_id), IN_ALL, ID_MAX_BYTES, text_is_name,
            "is no ID of 1 to 32 letters, digits, dots, dashes and underscores" },
        { OPTION("--started-by", started_by), IN_RUN, FREE_TEXT_MAX_BYTES, text_is_plain,
            "is no plain text of 1 to 128 bytes" },
        { OPTION("--target-container", target_container), IN_RUN | IN_PROBE, 256, text_is_plain,
            "is no container ID" },
        { OPTION("--cgroup-root", cgroup_root), IN_ALL, 1024, text_is_plain, // for tests
            "is no path" },
    };

    for (size_t i = 0; i < sizeof(text_options) / sizeof(text_options[0]); i++) {
        if (!text_equal(text_options[i].name, name)
            || !(text_options[i].places & places_of(options)))
            continue;
        if (text_options[i].fits(value, text_options[i].longest))
            *(const char**)(void*)((char*)options + text_options[i].offset) = value;
        else
            *problem = text_options[i].problem;
        return true;
    }
    return false;
}

// The same for the options of a load that are no plain numbers.
static bool parse_load_option(
    struct options* options, const char* name, const char* value, const char** problem)
{
    int places = places_of(options);
    bool fits;

    if (places & IN_MEMORY && text_equal(name, "--kind")) {
        fits = parse_kind(value, &options->kind);
        *problem = fits ? NULL : "is none of anon, shm, file";
    } else if (places & IN_MEMORY && text_equal(name, "--steps-bytes")) {
        fits = steps_parse(value, &options->steps);
        *problem = fits ? NULL : "is no list of at most 64 sizes";
    } else if (places & IN_MEMORY && text_equal(name, "--level")) {
        fits = level_parse(value, &options->level);
        *problem = fits ? NULL : "is no level: N, P% or limit-N";
    } else if (places & IN_MEMORY && text_equal(name, "--level-metric")) {
        fits = metric_parse(value, &options->level.metric);
        *problem = fits ? NULL : "is neither working-set nor usage";
    } else if (places & IN_CPU && text_equal(name, "--load-percent")) {
        fits = load_parse(value, &options->load_thousandths);
        *problem = fits ? NULL : "is no percentage from 0 to 100 with at most three decimals";
    } else if (places & IN_CPU && text_equal(name, "--cpu-level")) {
        fits = cpu_level_parse(value, &options->cpu_level_thousandths);
        *problem = fits ? NULL : "is no percentage from 0 to 25600 with at most three decimals";
    } else if (places & IN_RUN && text_equal(name, "--oom-score-adj")) {
        fits = parse_oom_score_adj(value, &options->oom_score_adj);
        *problem = fits ? NULL : "is neither \"same\" nor a number from -999 to 1000";
    } else {
        return false;
    }
    return true;
}

// Returns NULL, or what is wrong.
static const char* parse_option(struct options* options, const char* name, const char* value)
{
    const char* problem = NULL;

    if (parse_text_option(options, name, value, &problem)
        || parse_load_option(options, name, value, &problem))
        return problem;
    return parse_number(options, name, value);
}

// Returns true where the argument is an option without a value.
static bool parse_flag(struct options* options, const char* name)
{
    static const struct {
        const char* name;
        size_t offset;
        int places;
    } flags[] = {
        { OPTION("--wait-for-go", waits_for_go), IN_RUN },
        { OPTION("--hold-until-told", holds_until_told), IN_RUN },
        { OPTION("--detach", detach), IN_RUN },
        { OPTION("--huge-pages", huge_pages), IN_MEMORY },
    };

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (text_equal(flags[i].name, name) && flags[i].places & places_of(options)) {
            *((char*)options + flags[i].offset) = true;
            return true;
        }
    }
    return false;
}

// Returns how many arguments name the loads after "run".
static int parse_loads(struct options* options, int count, char* const* arguments)
{
    int used = 0;

    for (; used < count; used++) {
        if (text_equal(arguments[used], "mem") && !options->has_memory)
            options->has_memory = true;
        else if (text_equal(arguments[used], "cpu") && !options->has_cpu)
            options->has_cpu = true;
        else
            break;
    }
    return used;
}

// Returns how many arguments name the command, or 0.
static int parse_command(struct options* options, int count, char* const* arguments)
{
    static const struct {
        const char* name;
        enum command command;
    } commands[] = { { "hold", COMMAND_HOLD }, { "probe", COMMAND_PROBE }, { "run", COMMAND_RUN },
        { "end", COMMAND_END }, { "version", COMMAND_VERSION } };
    int loads;

    for (size_t i = 0; count > 0 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (!text_equal(arguments[0], commands[i].name))
            continue;
        options->command = commands[i].command;
        if (options->command != COMMAND_RUN)
            return 1;
        loads = parse_loads(options, count - 1, arguments + 1);
        return loads == 0 ? 0 : 1 + loads;
    }
    return 0;
}

void options_set_default_deadline(struct options* options)
{
    if (options->has_default_deadline)
        options->deadline_ms = options->ramp_ms + options->steps.count * options->step_hold_ms
            + options->duration_ms + options->settle_ms + 60000;
}

// Returns NULL, or what is missing or too much.
static const char* check_run(const struct options* options)
{
    bool has_level = options->level.base != LEVEL_NONE;
    bool has_cpu_level = options->cpu_level_thousandths != ABSENT;

    if (options->has_memory && options->size_bytes == ABSENT && !has_level)
        return "--size-bytes or --level is needed";
    if (options->size_bytes != ABSENT && has_level)
        return "--size-bytes and --level exclude each other";
    if (has_level && (options->kind == KIND_FILE || options->huge_pages))
        return "--level goes neither with --kind file nor with --huge-pages";
    if (options->steps.count > 0 && has_level)
        return "--steps-bytes and --level exclude each other";
    if (options->has_cpu && options->load_thousandths == ABSENT && !has_cpu_level)
        return "--load-percent or --cpu-level is needed";
    if (options->load_thousandths != ABSENT && has_cpu_level)
        return "--load-percent and --cpu-level exclude each other";
    if (options->duration_ms == ABSENT && !options->holds_until_told)
        return "--duration-ms or --hold-until-told is needed";
    if (options->holds_until_told && options->deadline_ms == ABSENT)
        return "--hold-until-told needs --deadline-ms";
    return NULL;
}

// Returns NULL, or what is wrong with all of it together.
static const char* check(struct options* options)
{
    const char* problem = options->command == COMMAND_RUN ? check_run(options) : NULL;

    if (options->duration_ms == ABSENT)
        options->duration_ms = 0;
    options->has_default_deadline = options->deadline_ms == ABSENT;
    options_set_default_deadline(options);
    return problem;
}

static const char* message(const char* name, const char* value, const char* problem)
{
    BUFFER static char text[256];
    size_t length = text_append(text, sizeof(text), 0, name);

    if (value != NULL) {
        length = text_append(text, sizeof(text), length, " ");
        length = text_append(text, sizeof(text), length, value);
    }
    length = text_append(text, sizeof(text), length, ": ");
    text_append(text, sizeof(text), length, problem);
    return text;
}

const char* options_parse(struct options* options, int count, char* const* arguments)
{
    *options = (struct options) { .protocol = PROTOCOL,
        .go_timeout_ms = 600000,
        .size_bytes = ABSENT,
        .load_thousandths = ABSENT,
        .cpu_level_thousandths = ABSENT,
        .workers = 1,
        .cpu_workers = 1,
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

    if (used == 0)
        return "give one of: hold, probe, run mem, run cpu, run mem cpu, end, version";
    while (used < count) {
        const char* name = arguments[used++];
        const char* problem;

        if (parse_flag(options, name))
            continue;
        if (used == count)
            return message(name, NULL, "a value is needed");
        problem = parse_option(options, name, arguments[used++]);
        if (problem != NULL)
            return message(name, arguments[used - 1], problem);
    }
    return check(options);
}
