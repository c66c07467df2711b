#include "input.h"

#include "text.h"

#include <string.h>

#define SIZE_MAX_BYTES (INT64_C(1) << 46)

// Leaves the value alone unless the line is a command that carries one.
static enum input_event parse(struct input* input)
{
    int64_t number;

    static const char size[] = "size ";
    static const char load[] = "load ";
    const char* value = input->line + strlen(size); // both words are as long
    size_t length = strlen(input->line) - strlen(size);

    if (text_equal(input->line, "stop"))
        return INPUT_STOP;
    if (text_starts_with(input->line, size) && text_parse_number(value, length, &number)
        && number <= SIZE_MAX_BYTES) {
        input->value = number;
        return INPUT_SIZE;
    }
    if (text_starts_with(input->line, load) && text_parse_thousandths(value, length, &number)
        && number <= 100 * 1000) {
        input->value = number;
        return INPUT_LOAD;
    }
    return INPUT_BAD;
}

// Takes one byte. A "." outside a line is a heartbeat and nothing else.
enum input_event input_byte(struct input* input, char byte)
{
    enum input_event event;

    if (byte != '\n') {
        if (input->length == 0 && !input->too_long && (byte == '.' || byte == '\r'))
            return INPUT_NOTHING;
        if (input->length + 1 < sizeof(input->line))
            input->line[input->length++] = byte == '\0' ? '?' : byte;
        else
            input->too_long = true;
        return INPUT_NOTHING;
    }
    if (input->length > 0 && input->line[input->length - 1] == '\r')
        input->length--;
    input->line[input->length] = '\0';
    if (input->too_long)
        event = INPUT_BAD;
    else
        event = input->length == 0 ? INPUT_NOTHING : parse(input);
    input->length = 0;
    input->too_long = false;
    return event;
}
