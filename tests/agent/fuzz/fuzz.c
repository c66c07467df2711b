// The harness of the fuzzer, for everything that reads text from outside: arguments, stdin, and the
// files of the kernel. The first byte chooses the parser.
#include "steer/commands.h"
#include "observe/membership.h"
#include "kernel/lines.h"
#include "words/options.h"
#include "words/text.h"

#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MAX = 40 };

static void check(bool fact)
{
    if (!fact)
        abort();
}

// One argument a line, after a command that the first character chooses.
static void fuzz_arguments(char *text)
{
    static char *const commands[] = { "mem", "cpu" };
    char *arguments[ARGUMENTS_MAX] = { "run", commands[text[0] & 1], "mem" };
    struct options options;
    int count = 2 + (text[0] == 'c');

    if (text[0] == 'p')
        arguments[--count - 1] = "probe";
    if (text[0] == '-')
        count = 0;
    for (char *line = strtok(text, "\n"); line != NULL && count < ARGUMENTS_MAX;
         line = strtok(NULL, "\n"))
        arguments[count++] = line;
    if (options_parse(&options, count, arguments) != NULL)
        return;
    check(options.workers >= 1 && options.workers <= WORKERS_MAX);
    check(options.steps.count >= 0 && options.steps.count <= STEPS_MAX);
    check(!options.has_memory || options.size_bytes >= 0 || options.level.base != LEVEL_NONE);
    check(!options.has_cpu || options.load_thousandths >= 0 || options.cpu_level_thousandths >= 0);
    check(options.command == COMMAND_VERSION || options.command == COMMAND_HOLD
        || options.deadline_ms > 0);
    check(options.oom_score_adj == OOM_SCORE_ADJ_SAME
        || (options.oom_score_adj > -1000 && options.oom_score_adj <= 1000));
}

static void fuzz_input(const char *text, size_t size)
{
    struct commands commands = { .length = 0 };

    for (size_t i = 0; i < size; i++) {
        enum request request = commands_byte(&commands, text[i]);

        check(commands.length < COMMAND_LINE_SIZE);
        check(commands.id == ABSENT || commands.id >= 0 || request == REQUEST_NOTHING);
        check(request != REQUEST_LOAD || (commands.value >= 0 && commands.value <= FULL_LOAD));
        check(request != REQUEST_CPU_LEVEL
            || (commands.value >= 0 && commands.value <= CPU_LEVEL_MAX));
        check(request != REQUEST_SIZE
            || (commands.value >= 0 && commands.value <= SIZE_MAX_BYTES));
        check(request != REQUEST_STEPS
            || (commands.steps->count > 0 && commands.steps->count <= STEPS_MAX));
        check(request != REQUEST_LEVEL
            || level_bytes(&commands.level, INT64_C(1) << 45) <= SIZE_MAX_BYTES);
        check(request != REQUEST_STOP || commands.text == NULL
            || strlen(commands.text) <= FREE_TEXT_MAX_BYTES);
    }
}

static void fuzz_files(const char *text)
{
    static const char *const keys[] = { "anon ", "oom_kill ", "total_rss ", "" };
    char path[CGROUP_PATH_SIZE];

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        int64_t value = text_value_of(text, keys[i]);

        check(value >= 0 || value == ABSENT);
    }
    text_kib_of(text, "VmRSS:");
    text_hundredths(text);
    text_first_number(text);
    if (cgroup_path_of(text, "memory", path))
        check(path[0] == '/' && strlen(path) < sizeof(path));
    if (cgroup_path_of(text, "", path))
        check(path[0] == '/' && strlen(path) < sizeof(path));
}

static void fuzz_message(const char *text)
{
    line_begin("fuzz");
    line_text("text", text);
    line_end(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool opened;
    char *text;

    if (!opened)
        opened = line_to("/dev/null") == 0;
    if (size < 2)
        return 0;
    text = malloc(size); // exactly as large as the text, so that one byte too many is seen
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] == 'a')
        fuzz_arguments(text);
    else if (data[0] == 'i')
        fuzz_input(text, size - 1);
    else if (data[0] == 'f')
        fuzz_files(text);
    else
        fuzz_message(text);
    free(text);
    return 0;
}
