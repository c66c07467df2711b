// Reads numbers and keys out of the text that the kernel writes. Pure: no system call, no state.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Marks a value that is not there or cannot be read. It becomes null on the wire, never 0 or -1.
#define ABSENT INT64_MIN

bool text_equal(const char* a, const char* b);
bool text_starts_with(const char* text, const char* prefix);
size_t text_utf8_length(const char* text);
bool text_is_plain(const char* text, size_t longest);
bool text_is_name(const char* text, size_t longest);
size_t text_append(char* buffer, size_t size, size_t length, const char* text);
size_t text_append_number(char* buffer, size_t size, size_t length, uint64_t value);

bool text_parse_number(const char* text, size_t length, int64_t* value);
bool text_parse_thousandths(const char* text, size_t length, int64_t* value);
int64_t text_first_number(const char* text);
const char* text_after_key(const char* text, const char* key);
int64_t text_value_of(const char* text, const char* key);
int64_t text_kib_of(const char* text, const char* key);
int64_t text_hundredths(const char* text);
