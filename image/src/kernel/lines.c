#include "kernel/lines.h"

#include "words/buffers.h"
#include "words/clock.h"
#include "words/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000 };

PAGE_BUFFER static char line[LINE_SIZE];
static size_t line_length;
static bool line_too_long;
static bool needs_comma;

// A pipe takes a line whole or not at all; of what a socket took in part, the rest is sent first.
BUFFER static char rest[LINE_SIZE];
static size_t rest_length;
static size_t rest_sent;

static int64_t patience_ms = PATIENCE_MS; // what is left of this turn's
static int64_t dropped;
static int64_t started_ms;
static const char* run_id;
static bool copies;
static int output = STDOUT_FILENO;

void line_start(int64_t start_ms, const char* run)
{
    int flags = fcntl(output, F_GETFL);

    started_ms = start_ms;
    run_id = run;
    if (flags >= 0)
        fcntl(output, F_SETFL, flags | O_NONBLOCK);
}

int line_to(const char* path)
{
    int file = openat(AT_FDCWD, path, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    struct stat status;

    if (file < 0 || fstat(file, &status) != 0)
        return -errno;
    // Where stdout was closed, its number is that of the next file: that of a pidfd opens as well.
    if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode) && !S_ISREG(status.st_mode)) {
        close(file);
        return -ENXIO;
    }
    output = file;
    return 0;
}

void line_copy_to_stdout(bool also) { copies = also; }

void line_turn(void) { patience_ms = PATIENCE_MS; }

static void put(char byte)
{
    if (line_length < sizeof(line))
        line[line_length++] = byte;
    else
        line_too_long = true;
}

static void put_text(const char* text)
{
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

// A process may carry any bytes as its name: they must not break the line or the JSON. What is
// longer than a text may be is cut.
static void put_string(const char* text)
{
    static const char hex[] = "0123456789abcdef";
    size_t last = line_length + LINE_TEXT_SIZE - sizeof("\\u0000");

    put('"');
    for (const char* at = text; *at != '\0' && line_length <= last;) {
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

// A clock that is set is followed within a second.
static int64_t wall_clock_ms(int64_t now)
{
    static int64_t offset_ms;
    static int64_t next_ms;

    if (now >= next_ms) {
        next_ms = now + 1000;
        offset_ms = clock_us(CLOCK_REALTIME) / 1000 - now;
    }
    return now + offset_ms;
}

void line_begin(const char* type)
{
    int64_t now = now_ms();

    line_length = 0;
    line_too_long = false;
    needs_comma = false;
    put('{');
    line_text("type", type);
    line_number("elapsed_ms", now - started_ms);
    line_number("time_ms", wall_clock_ms(now));
    line_text("run", run_id);
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

size_t line_room(void) { return sizeof(line) - line_length; }

const char* line_run(void) { return run_id; }

int64_t line_dropped(void) { return dropped; }

// Returns how many bytes were taken; all of them where nobody reads any more: stdin's EOF or the
// heartbeat ends the run.
static size_t write_some(const char* bytes, size_t length)
{
    ssize_t sent;

    do
        sent = write(output, bytes, length);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN) {
        dropped++;
        return length;
    }
    return sent < 0 ? 0 : (size_t)sent;
}

// Sends the rest of the line before, then this line. Returns true when both are sent.
static bool send_some(void)
{
    size_t sent;

    if (rest_sent < rest_length)
        rest_sent += write_some(rest + rest_sent, rest_length - rest_sent);
    if (rest_sent < rest_length || line_length == 0)
        return rest_sent == rest_length;
    sent = write_some(line, line_length);
    if (sent == 0)
        return false;
    rest_sent = 0;
    rest_length = line_length - sent;
    memcpy(rest, line + sent, rest_length);
    line_length = 0;
    return rest_length == 0;
}

// Returns false when there is no time left.
static bool wait_for_reader(int64_t until_ms)
{
    struct pollfd reader = { .fd = output, .events = POLLOUT };
    int64_t now = now_ms();
    bool waited
        = now < until_ms && (poll(&reader, 1, (int)(until_ms - now)) >= 0 || errno == EINTR);

    patience_ms -= waited ? now_ms() - now : 0;
    return waited;
}

void line_end(int wait_ms)
{
    int64_t until_ms = 0;

    put('}');
    put('\n');
    if (line_too_long) {
        dropped++;
        return;
    }
    if (copies && write(STDOUT_FILENO, line, line_length) < 0)
        copies = errno == EAGAIN;
    while (!send_some()) {
        if (until_ms == 0)
            until_ms = now_ms() + earliest(wait_ms, patience_ms);
        if (!wait_for_reader(until_ms))
            break;
    }
    if (line_length > 0)
        dropped++;
}

void line_error(const char* code, const char* text)
{
    line_begin("error");
    line_text("code", code);
    line_text("message", text);
    line_end(500);
}
