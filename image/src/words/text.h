// Reads numbers and keys out of the text that the kernel writes. Pure: no system call, no state.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Marks a value that is not there or cannot be read. It becomes null on the wire, never 0 or -1.
#define ABSENT INT64_MIN

bool text_equal(const char* a, const char* b);
bool text_starts_with(const char* text, const char* prefix);

// Length of the valid UTF-8 sequence at `text`, or 0.
size_t text_utf8_length(const char* text);

// True for 1 to `longest` bytes of UTF-8 without control characters.
bool text_is_plain(const char* text, size_t longest);

// True for 1 to `longest` of the characters that an ID is made of.
bool text_is_name(const char* text, size_t longest);

// Appends as much of `text` as fits, always ended by NUL. Returns the new length.
size_t text_append(char* buffer, size_t size, size_t length, const char* text);

size_t text_append_number(char* buffer, size_t size, size_t length, uint64_t value);

// Parses exactly `length` digits, nothing else. Returns false on anything that is not such a
// number or does not fit: a hostile file must become "not readable", never a wrong figure.
bool text_parse_number(const char* text, size_t length, int64_t* value);

// Parses "12" or "12.5" with at most three decimals into thousandths.
bool text_parse_thousandths(const char* text, size_t length, int64_t* value);

// The number at the start of `text`, up to a blank or the end. "max" and "-1" are ABSENT.
int64_t text_first_number(const char* text);

// The text after KEY at the start of a line, or NULL. The hottest loop of the agent, and by hand:
// the C library's searches take three times as long here.
const char* text_after_key(const char* text, const char* key);

// The number of a line "KEY 123". `key` ends with the blank.
int64_t text_value_of(const char* text, const char* key);

// The bytes of a line "Key:   123 kB", as in /proc/meminfo and /proc/PID/status.
int64_t text_kib_of(const char* text, const char* key);

// The hundredths at the start of `text`, up to a blank or the end: "1.25 avg60=…" gives 125.
int64_t text_hundredths(const char* text);
