#include "kernel/lines.h"

#include "words/buffers.h"
#include "words/clock.h"
#include "words/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

// The protocol's longest line. Only the pages that a line really fills are ever touched.
PAGE_BUFFER static char line[65536];
static size_t line_length;
static size_t line_sent;
static bool line_too_long;
static bool skipping; // the line before is still half in the pipe
static bool needs_comma;
static int64_t dropped;
static int64_t started_ms;
static int output = STDOUT_FILENO;

void line_start(int64_t start_ms)
{
    int flags = fcntl(output, F_GETFL);

    started_ms = start_ms;
    if (flags >= 0)
        fcntl(output, F_SETFL, flags | O_NONBLOCK);
}

// Sends everything from now on to the file at PATH instead. Returns 0 or -errno.
int line_to(const char* path)
{
    int file = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

    if (file < 0)
        return -errno;
    output = file;
    return 0;
}

static void put(char byte)
{
    if (skipping)
        return;
    if (line_length < sizeof(line))
        line[line_length++] = byte;
    else
        line_too_long = true;
}

static void put_text(const char* text)
{
    if (skipping)
        return;
    while (*text != '\0' && line_length < sizeof(line))
        line[line_length++] = *text++;
    if (*text != '\0')
        line_too_long = true;
}

static void put_number(int64_t value)
{
    char digits[24];

    if (value < 0)
        put('-');
    text_append_number(
        digits, sizeof(digits), 0, value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value);
    put_text(digits);
}

// A process may carry any bytes as its name: they must not break the line or the JSON.
static void put_string(const char* text)
{
    static const char hex[] = "0123456789abcdef";
    put('"');
    for (const char* at = text; *at != '\0';) {
        size_t length = text_utf8_length(at);
        unsigned char byte = (unsigned char)*at;

        if (length == 0) {
            put_text("\\ufffd");
            length = 1;
        } else if (byte < 0x20 || byte == 0x7f) {
            put_text("\\u00");
            put(hex[byte >> 4]);
            put(hex[byte & 15]);
        } else {
            if (*at == '"' || *at == '\\')
                put('\\');
            for (size_t i = 0; i < length; i++)
                put(at[i]);
        }
        at += length;
    }
    put('"');
}

static void put_key(const char* key)
{
    if (needs_comma)
        put(',');
    needs_comma = true;
    if (key == NULL)
        return;
    put('"');
    put_text(key);
    put_text("\":");
}

// Writes what the pipe takes. A line that was begun is finished later, never cut.
static void send_some(void)
{
    while (line_sent < line_length) {
        ssize_t sent = write(output, line + line_sent, line_length - line_sent);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0) { // nobody reads any more: stdin's EOF or the heartbeat ends the run
            line_sent = line_length;
            dropped++;
            return;
        }
        line_sent += (size_t)sent;
    }
}

void line_begin(const char* type)
{
    send_some();
    skipping = line_sent < line_length;
    if (skipping)
        return;
    line_length = 0;
    line_sent = 0;
    line_too_long = false;
    needs_comma = false;
    put('{');
    line_text("type", type);
    line_number("elapsed_ms", now_ms() - started_ms);
    line_number("time_ms", clock_us(CLOCK_REALTIME) / 1000);
}

void line_number(const char* key, int64_t value)
{
    put_key(key);
    if (value == ABSENT)
        put_text("null");
    else
        put_number(value);
}

static void put_fraction(const char* key, int64_t value, int64_t scale)
{
    line_number(key, value == ABSENT ? ABSENT : value / scale);
    if (value == ABSENT)
        return;
    put('.');
    for (scale /= 10; scale > 0; scale /= 10)
        put((char)('0' + value / scale % 10));
}

void line_hundredths(const char* key, int64_t value) { put_fraction(key, value, 100); }

void line_thousandths(const char* key, int64_t value) { put_fraction(key, value, 1000); }

void line_bool(const char* key, bool value) { line_maybe_bool(key, value); }

void line_maybe_bool(const char* key, int64_t value)
{
    put_key(key);
    put_text(value == ABSENT ? "null" : value != 0 ? "true" : "false");
}

void line_text(const char* key, const char* value)
{
    put_key(key);
    if (value == NULL)
        put_text("null");
    else
        put_string(value);
}

void line_open(const char* key, char bracket)
{
    put_key(key);
    put(bracket);
    needs_comma = false;
}

void line_close(char bracket)
{
    put(bracket);
    needs_comma = true;
}

size_t line_room(void) { return line_length < PIPE_BUF ? PIPE_BUF - line_length : 0; }

int64_t line_dropped(void) { return dropped; }

// Ends the line and sends it, waiting at most `wait_ms` for a reader that is behind. What was not
// begun by then is dropped.
void line_end(int wait_ms)
{
    int64_t deadline_ms;

    if (skipping) {
        dropped++;
        return;
    }
    put('}');
    put('\n');
    if (line_too_long) {
        line_length = 0;
        dropped++;
        return;
    }
    send_some();
    deadline_ms = line_sent < line_length ? now_ms() + wait_ms : 0;
    while (line_sent < line_length) {
        struct pollfd reader = { .fd = output, .events = POLLOUT };
        int64_t left_ms = deadline_ms - now_ms();

        if (left_ms <= 0 || (poll(&reader, 1, (int)left_ms) < 0 && errno != EINTR))
            break;
        send_some();
    }
    if (line_sent == 0 && line_length > 0) {
        line_length = 0;
        dropped++;
    }
}

void line_error(const char* code, const char* text)
{
    line_begin("error");
    line_text("code", code);
    line_text("message", text);
    line_end(500);
}
