#include "steer/commands.h"

#include "words/buffers.h"
#include "words/options.h"

#include <string.h>

#define ID_LARGEST (INT64_C(1) << 53)

BUFFER static char line[COMMAND_LINE_SIZE];
BUFFER static struct steps steps;

static bool parse_maybe_milliseconds(char* argument, struct commands* commands)
{
    return argument == NULL || text_parse_number(argument, strlen(argument), &commands->value);
}

static bool parse_size(char* argument, struct commands* commands)
{
    return argument != NULL && size_parse(argument, &commands->value);
}

static bool parse_load(char* argument, struct commands* commands)
{
    return argument != NULL && load_parse(argument, &commands->value);
}

static bool parse_cpu_level(char* argument, struct commands* commands)
{
    return argument != NULL && cpu_level_parse(argument, &commands->value);
}

static bool parse_steps(char* argument, struct commands* commands)
{
    commands->steps = &steps;
    return argument != NULL && steps_parse(argument, &steps);
}

// "LEVEL", "LEVEL usage" or "LEVEL working-set".
static bool parse_level(char* argument, struct commands* commands)
{
    char* metric = argument == NULL ? NULL : strchr(argument, ' ');

    if (metric != NULL)
        *metric++ = '\0';
    commands->level.metric = METRIC_WORKING_SET;
    return argument != NULL && level_parse(argument, &commands->level)
        && (metric == NULL || metric_parse(metric, &commands->level.metric));
}

// "", "RUN", "by TEXT" or "RUN by TEXT".
static bool parse_stop(char* argument, struct commands* commands)
{
    static const char by[] = "by ";

    if (argument == NULL)
        return true;
    if (!text_starts_with(argument, by)) {
        char* rest = strchr(argument, ' ');

        commands->run = argument;
        if (rest == NULL)
            return text_is_name(argument, ID_MAX_BYTES);
        *rest = '\0';
        if (!text_is_name(argument, ID_MAX_BYTES))
            return false;
        argument = rest + 1;
    }
    if (!text_starts_with(argument, by))
        return false;
    commands->text = argument + strlen(by);
    return text_is_plain(commands->text, FREE_TEXT_MAX_BYTES);
}

static const struct {
    const char* word;
    enum request request;
    bool (*parse)(char* argument, struct commands* commands); // NULL where there is no argument
} known[] = {
    { "go", REQUEST_GO, parse_maybe_milliseconds },
    { "size", REQUEST_SIZE, parse_size },
    { "steps", REQUEST_STEPS, parse_steps },
    { "level", REQUEST_LEVEL, parse_level },
    { "load", REQUEST_LOAD, parse_load },
    { "cpu-level", REQUEST_CPU_LEVEL, parse_cpu_level },
    { "hold", REQUEST_HOLD, parse_maybe_milliseconds },
    { "stop", REQUEST_STOP, parse_stop },
    { "read", REQUEST_READ, NULL },
    { "list", REQUEST_LIST, NULL },
};

// Takes "#ID " off the beginning. Returns what is left, or NULL where that is no ID.
static char* parse_id(char* text, struct commands* commands)
{
    char* rest;

    if (*text != '#')
        return text;
    rest = strchr(text, ' ');
    if (rest == NULL || !text_parse_number(text + 1, (size_t)(rest - text - 1), &commands->id)
        || commands->id >= ID_LARGEST) {
        commands->id = ABSENT;
        return NULL;
    }
    return rest + 1;
}

static enum request parse(struct commands* commands)
{
    char* word = parse_id(line, commands);
    char* argument = word == NULL ? NULL : strchr(word, ' ');

    if (word == NULL)
        return REQUEST_BAD;
    if (argument != NULL)
        *argument++ = '\0';
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!text_equal(known[i].word, word))
            continue;
        commands->word = known[i].word;
        if (known[i].parse == NULL ? argument == NULL : known[i].parse(argument, commands))
            return known[i].request;
    }
    return REQUEST_BAD;
}

static enum request end_line(struct commands* commands)
{
    size_t length = commands->length;
    bool too_long = commands->too_long;

    if (length > 0 && line[length - 1] == '\r')
        length--;
    line[length] = '\0';
    *commands = (struct commands) { .id = ABSENT, .value = ABSENT };
    if (too_long)
        return REQUEST_BAD;
    return length == 0 ? REQUEST_NOTHING : parse(commands);
}

// Takes one byte. A "." outside a line is a heartbeat and nothing else.
enum request commands_byte(struct commands* commands, char byte)
{
    if (byte == '\n')
        return end_line(commands);
    if (commands->length == 0 && !commands->too_long && (byte == '.' || byte == '\r'))
        return REQUEST_NOTHING;
    if (commands->length + 1 < sizeof(line))
        line[commands->length++] = byte == '\0' ? '?' : byte;
    else
        commands->too_long = true;
    return REQUEST_NOTHING;
}
