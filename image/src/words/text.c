#include "words/text.h"

#include <string.h>

bool text_equal(const char* a, const char* b) { return strcmp(a, b) == 0; }

bool text_starts_with(const char* text, const char* prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

size_t text_utf8_length(const char* text)
{
    const unsigned char* at = (const unsigned char*)text;
    size_t length = at[0] < 0x80 ? 1
        : at[0] < 0xc2           ? 0
        : at[0] < 0xe0           ? 2
        : at[0] < 0xf0           ? 3
        : at[0] < 0xf5           ? 4
                                 : 0;

    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f)
        || (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return length;
}

bool text_is_plain(const char* text, size_t longest)
{
    size_t at = 0;

    while (text[at] != '\0') {
        size_t length = text_utf8_length(text + at);

        if (length == 0 || (unsigned char)text[at] < 0x20 || text[at] == 0x7f)
            return false;
        at += length;
    }
    return at > 0 && at <= longest;
}

bool text_is_name(const char* text, size_t longest)
{
    static const char allowed[]
        = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strspn(text, allowed);

    return length > 0 && length <= longest && text[length] == '\0';
}

size_t text_append(char* buffer, size_t size, size_t length, const char* text)
{
    while (*text != '\0' && length + 1 < size)
        buffer[length++] = *text++;
    buffer[length] = '\0';
    return length;
}

size_t text_append_number(char* buffer, size_t size, size_t length, uint64_t value)
{
    char digits[21];
    size_t at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return text_append(buffer, size, length, digits + at);
}

bool text_parse_number(const char* text, size_t length, int64_t* value)
{
    int64_t number = 0;

    if (length == 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        if (__builtin_mul_overflow(number, 10, &number)
            || __builtin_add_overflow(number, text[i] - '0', &number))
            return false;
    }
    *value = number;
    return true;
}

bool text_parse_thousandths(const char* text, size_t length, int64_t* value)
{
    size_t point = 0;
    int64_t whole;
    int64_t fraction = 0;

    while (point < length && text[point] != '.')
        point++;
    if (!text_parse_number(text, point, &whole) || __builtin_mul_overflow(whole, 1000, &whole))
        return false;
    if (point < length) {
        size_t decimals = length - point - 1;

        if (decimals > 3 || !text_parse_number(text + point + 1, decimals, &fraction))
            return false;
        for (; decimals < 3; decimals++)
            fraction *= 10;
    }
    return !__builtin_add_overflow(whole, fraction, value);
}

static size_t digits_at(const char* text)
{
    size_t length = 0;

    while (text[length] >= '0' && text[length] <= '9')
        length++;
    return length;
}

int64_t text_first_number(const char* text)
{
    size_t length = digits_at(text);
    int64_t value;

    if (text[length] != '\0' && strchr("\n\t ", text[length]) == NULL)
        return ABSENT;
    return text_parse_number(text, length, &value) ? value : ABSENT;
}

const char* text_after_key(const char* text, const char* key)
{
    while (*text != '\0') {
        size_t same = 0;

        while (key[same] != '\0' && text[same] == key[same])
            same++;
        if (key[same] == '\0')
            return text + same;
        while (*text != '\0' && *text != '\n')
            text++;
        if (*text == '\n')
            text++;
    }
    return NULL;
}

int64_t text_value_of(const char* text, const char* key)
{
    const char* found = text_after_key(text, key);

    return found == NULL ? ABSENT : text_first_number(found);
}

int64_t text_kib_of(const char* text, const char* key)
{
    const char* found = text_after_key(text, key);
    int64_t kib;

    if (found == NULL)
        return ABSENT;
    while (*found == ' ' || *found == '\t')
        found++;
    kib = text_first_number(found);
    if (kib == ABSENT || __builtin_mul_overflow(kib, 1024, &kib))
        return ABSENT;
    return kib;
}

int64_t text_hundredths(const char* text)
{
    size_t length = strcspn(text, " \n");
    int64_t thousandths;

    return text_parse_thousandths(text, length, &thousandths) ? thousandths / 10 : ABSENT;
}
