/* gzip.c: in: the bytes of a gzip file.  out: what was packed. The one file that needs zlib; a program that does not
 * name lstmc_gunzip does not link it. */
#include "runtime/lstmc.h"
#include "map.h"
#include "runtime/base/message.h"

#ifdef LSTMC_ZLIB

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define GZIP_ALONE (15 + 16)    /* inflateInit2: the largest window, gzip's header */

struct output {
    unsigned char *bytes;
    size_t size, capacity, most;
};

/* Room for one byte more, beside the zero at the end. */
static int grow(struct output *output)
{
    if (output->size + 1 < output->capacity)
        return 1;
    size_t wider = output->capacity ? output->capacity * 2 : 65536;
    unsigned char *moved = wider > output->capacity ? realloc(output->bytes, wider) : NULL;
    if (!moved)
        return 0;
    output->bytes = moved;
    output->capacity = wider;
    return 1;
}

#define TOO_MUCH 1000           /* beside zlib's own states */

/* Z_OK when all members of the file are unpacked. */
static int inflate_all(z_stream *stream, const unsigned char *bytes, size_t size, struct output *output)
{
    size_t taken = 0;
    int state = Z_OK;
    while (state == Z_OK || (state == Z_STREAM_END && taken < size)) {
        if (state == Z_STREAM_END && inflateReset(stream) != Z_OK)
            return Z_STREAM_ERROR;
        if (output->size > output->most)
            return TOO_MUCH;
        if (!grow(output))
            return Z_MEM_ERROR;
        size_t room = output->capacity - 1 - output->size, rest = size - taken;
        if (room > output->most - output->size)
            room = output->most - output->size + 1;
        uInt in = rest > UINT_MAX ? UINT_MAX : (uInt)rest, out = room > UINT_MAX ? UINT_MAX : (uInt)room;
        stream->next_in = (Bytef *)bytes + taken;
        stream->next_out = output->bytes + output->size;
        stream->avail_in = in;
        stream->avail_out = out;
        state = inflate(stream, Z_NO_FLUSH);
        taken += in - stream->avail_in;
        output->size += out - stream->avail_out;
    }
    return state != Z_STREAM_END ? state : output->size > output->most ? TOO_MUCH : Z_OK;
}

static int broken(int state, const struct output *output, const char *path, struct lstmc_message *message)
{
    if (state == Z_MEM_ERROR)
        return lstmc_fail_memory(message, path);
    if (state == TOO_MUCH)
        return lstmc_fail(message, LSTMC_BAD_FILE,
                          "%.200s: unpacks to more than %.4g MB: no more than an eighth of the memory is read of a "
                          "packed file; if it is no mistake, unpack it first (gzip -d)",
                          path, (double)output->most / 1e6);
    return lstmc_fail(message, LSTMC_BAD_FILE, "%s: is a broken gzip file (%s)", path,
                      state == Z_BUF_ERROR ? "its end is missing" : "its data is damaged");
}

int lstmc_gunzip_at_most(size_t most, const char *path, unsigned char **bytes, size_t *size,
                         struct lstmc_message *message)
{
    z_stream stream;
    struct output output = { .most = most };
    memset(&stream, 0, sizeof stream);
    int state = inflateInit2(&stream, GZIP_ALONE);
    if (state == Z_OK) {
        state = inflate_all(&stream, *bytes, *size, &output);
        inflateEnd(&stream);
    }
    if (state != Z_OK) {
        free(output.bytes);
        return broken(state, &output, path, message);
    }
    output.bytes[output.size] = 0;
    free(*bytes);
    *bytes = output.bytes;
    *size = output.size;
    return LSTMC_OK;
}

#else

int lstmc_gunzip_at_most(size_t most, const char *path, unsigned char **bytes, size_t *size,
                         struct lstmc_message *message)
{
    (void)most;
    (void)bytes;
    (void)size;
    return lstmc_fail(message, LSTMC_BAD_FILE,
                      "%s: is a gzip file, and this build has no zlib (install zlib1g-dev and make again)", path);
}

#endif

int lstmc_gunzip(const char *path, unsigned char **bytes, size_t *size, struct lstmc_message *message)
{
    return lstmc_gunzip_at_most(lstmc_memory() / 8, path, bytes, size, message);
}
