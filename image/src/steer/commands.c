#include "steer/commands.h"

#include "words/text.h"

#include <string.h>

#define SIZE_MAX_BYTES (INT64_C(1) << 46)

// Leaves the value alone unless the line is a command that carries one.
static enum request parse(struct commands* commands)
{
    int64_t number;

    static const char size[] = "size ";
    static const char load[] = "load ";
    const char* value = commands->line + strlen(size); // both words are as long
    size_t length = strlen(commands->line) - strlen(size);

    if (text_equal(commands->line, "stop"))
        return REQUEST_STOP;
    if (text_starts_with(commands->line, size) && text_parse_number(value, length, &number)
        && number <= SIZE_MAX_BYTES) {
        commands->value = number;
        return REQUEST_SIZE;
    }
    if (text_starts_with(commands->line, load) && text_parse_thousandths(value, length, &number)
        && number <= 100 * 1000) {
        commands->value = number;
        return REQUEST_LOAD;
    }
    return REQUEST_BAD;
}

// Takes one byte. A "." outside a line is a heartbeat and nothing else.
enum request commands_byte(struct commands* commands, char byte)
{
    enum request request;

    if (byte != '\n') {
        if (commands->length == 0 && !commands->too_long && (byte == '.' || byte == '\r'))
            return REQUEST_NOTHING;
        if (commands->length + 1 < sizeof(commands->line))
            commands->line[commands->length++] = byte == '\0' ? '?' : byte;
        else
            commands->too_long = true;
        return REQUEST_NOTHING;
    }
    if (commands->length > 0 && commands->line[commands->length - 1] == '\r')
        commands->length--;
    commands->line[commands->length] = '\0';
    if (commands->too_long)
        request = REQUEST_BAD;
    else
        request = commands->length == 0 ? REQUEST_NOTHING : parse(commands);
    commands->length = 0;
    commands->too_long = false;
    return request;
}
