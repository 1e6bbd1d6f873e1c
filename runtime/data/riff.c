/* riff.c: in: a WAV file.  out: whether all of the data that its header promises are there: a copy that was cut off
 * plays, and would train. */
#include "runtime/base/message.h"
#include "sound.h"

#include <stdio.h>
#include <string.h>

#define UNKNOWN \
    UINT64_C(0x7ffff000) /* from here on: written into a pipe by a program that could not go back to say the length */

struct riff {
    FILE *file;
    int is_big_endian;
    uint64_t data_bytes;                /* of RF64: the length of data whose own field has no room for it */
};

static uint64_t read_number(const struct riff *riff, const unsigned char *bytes, int size)
{
    uint64_t number = 0;
    for (int i = 0; i < size; i++)
        number = number << 8 | bytes[riff->is_big_endian ? i : size - 1 - i];
    return number;
}

/* Moves behind the headers of chunks up to that of the data; *length is what they promise. 0: there are none, or nobody
 * knows their length. */
static int find_data(struct riff *riff, uint64_t *length)
{
    unsigned char header[12], sizes[16];
    if (fread(header, 1, 12, riff->file) != 12 || memcmp(header + 8, "WAVE", 4))
        return 0;
    riff->is_big_endian = !memcmp(header, "RIFX", 4);
    if (!riff->is_big_endian && memcmp(header, "RIFF", 4) && memcmp(header, "RF64", 4))
        return 0;
    while (fread(header, 1, 8, riff->file) == 8) {
        *length = read_number(riff, header + 4, 4);
        if (!memcmp(header, "data", 4)) {
            *length = *length == UINT32_MAX ? riff->data_bytes : *length;
            return *length && (*length < UNKNOWN || riff->data_bytes);
        }
        uint64_t rest = *length + *length % 2;
        if (!memcmp(header, "ds64", 4) && rest >= 16) {
            if (fread(sizes, 1, 16, riff->file) != 16)
                return 0;
            riff->data_bytes = read_number(riff, sizes + 8, 8);
            rest -= 16;
        }
        if (rest > INT32_MAX || fseek(riff->file, (long)rest, SEEK_CUR))
            return 0;
    }
    return 0;
}

int lstmc_riff_check(const char *path, struct lstmc_message *message)
{
    struct riff riff = { .file = fopen(path, "rb") };
    uint64_t promised = 0;
    int status = LSTMC_OK;
    if (!riff.file)                     /* libsndfile says why */
        return LSTMC_OK;
    if (find_data(&riff, &promised)) {
        long first = ftell(riff.file), end = fseek(riff.file, 0, SEEK_END) ? -1 : ftell(riff.file);
        if (first >= 0 && end >= first && (uint64_t)(end - first) < promised)
            status = lstmc_fail(message, LSTMC_BAD_FILE,
                                "%.250s: is cut off: its header promises %llu bytes of samples, and there are %ld",
                                path, (unsigned long long)promised, end - first);
    }
    fclose(riff.file);
    return status;
}
