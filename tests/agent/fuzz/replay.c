// Runs the fuzzer's corpus, and changed copies of it, without the fuzzer: any compiler will do.
// usage: replay SEED COPIES FILE…
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static uint64_t state;

static size_t below(size_t bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state % bound);
}

// A few bytes become others, some are doubled or left out; the first one, which chooses the parser,
// stays. Returns the new size.
static size_t change(uint8_t* data, size_t size)
{
    for (size_t changes = 1 + below(4); changes > 0 && size > 2; changes--) {
        size_t at = 1 + below(size - 1);
        size_t length = 1 + below(size - at);

        switch (below(4)) {
        case 0:
            data[at] = (uint8_t)below(256);
            break;
        case 1:
            data[at] = (uint8_t) "09.-:,/\n \0ax"[below(12)];
            break;
        case 2:
            memmove(data + at, data + at + length, size - at - length);
            size -= length;
            break;
        default:
            if (size + length > INPUT_MAX)
                break;
            memmove(data + at + length, data + at, size - at);
            size += length;
        }
    }
    return size;
}

static size_t read_file(const char* path, uint8_t data[INPUT_MAX])
{
    FILE* file = fopen(path, "rb");
    size_t size;

    if (file == NULL) {
        fprintf(stderr, "replay: %s: %m\n", path);
        exit(2);
    }
    size = fread(data, 1, INPUT_MAX, file);
    fclose(file);
    return size;
}

int main(int count, char** arguments)
{
    static uint8_t original[INPUT_MAX];
    static uint8_t changed[INPUT_MAX];
    long copies = count > 2 ? atol(arguments[2]) : 0;
    long ran = 0;

    state = count > 1 ? strtoull(arguments[1], NULL, 10) | 1 : 1;
    for (int i = 3; i < count; i++) {
        size_t size = read_file(arguments[i], original);

        LLVMFuzzerTestOneInput(original, size);
        for (long copy = 0; copy < copies; copy++) {
            memcpy(changed, original, size);
            LLVMFuzzerTestOneInput(changed, change(changed, size));
        }
        ran += 1 + copies;
    }
    printf("%ld inputs\n", ran);
}
