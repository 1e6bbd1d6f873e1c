/* npy.c: numpy's array files, formats 1.0, 2.0 and 3.0 (numpy.lib.format).
 * in: a path.  out: dtype, shape and bytes in C order, every size checked against the file before it is believed. */
#include "runtime/files/map.h"
#include "runtime/base/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "\x93NUMPY"
#define MAGIC_SIZE 6

/* The header: a Python dictionary in text. */
struct reader {
    const char *path;
    const char *at, *end;
    struct lstmc_message *message;
};

static const char *const supported[] = { "b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8" };

static int broken(const struct reader *reader, const char *what)
{
    return lstmc_fail(reader->message, LSTMC_BAD_FILE, "%s: malformed header: %s", reader->path, what);
}

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end &&
           (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\t' || *reader->at == '\r'))
        reader->at++;
}

static int take(struct reader *reader, char wanted)
{
    skip_space(reader);
    if (reader->at == reader->end || *reader->at != wanted)
        return 0;
    reader->at++;
    return 1;
}

/* A quoted text without escapes. */
static int take_text(struct reader *reader, char *text, size_t capacity)
{
    char quote = take(reader, '\'') ? '\'' : take(reader, '"') ? '"' : 0;
    size_t length = 0;
    if (!quote)
        return 0;
    while (reader->at < reader->end && *reader->at != quote) {
        if (*reader->at < ' ' || *reader->at > '~' || length + 1 >= capacity)
            return 0;
        text[length++] = *reader->at++;
    }
    text[length] = 0;
    return take(reader, quote);
}

static int take_word(struct reader *reader, const char *word)
{
    size_t length = strlen(word);
    skip_space(reader);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length))
        return 0;
    reader->at += length;
    return 1;
}

static int read_dtype(struct reader *reader, struct lstmc_npy *array)
{
    char text[32];
    skip_space(reader);
    if (reader->at < reader->end && *reader->at == '[')
        return lstmc_fail(reader->message, LSTMC_BAD_FILE, "%s: holds records of several fields; save one plain array",
                          reader->path);
    if (!take_text(reader, text, sizeof text))
        return broken(reader, "'descr' is no text");
    if (text[0] == '>')
        return lstmc_fail(reader->message, LSTMC_BAD_FILE, "%s: dtype '%s' is big-endian; save it as '<%s'",
                          reader->path, text, text + 1);
    for (size_t i = 0; i < sizeof supported / sizeof *supported; i++)
        if (!strcmp(text + (text[0] != 0), supported[i]) && (text[0] == '<' || (text[0] == '|' && text[2] == '1'))) {
            memcpy(array->dtype, text, 4);
            return LSTMC_OK;
        }
    return lstmc_fail(reader->message, LSTMC_BAD_FILE,
                      "%s: dtype '%s' is not supported; bool, integers and floats up to 8 bytes are", reader->path,
                      text);
}

static int read_order(struct reader *reader)
{
    if (take_word(reader, "False"))
        return LSTMC_OK;
    if (take_word(reader, "True"))
        return lstmc_fail(reader->message, LSTMC_BAD_FILE, "%s: is in Fortran order; save numpy.ascontiguousarray(a)",
                          reader->path);
    return broken(reader, "'fortran_order' is neither True nor False");
}

static int read_extent(struct reader *reader, size_t *extent)
{
    const char *start = (skip_space(reader), reader->at);
    *extent = 0;
    for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
        size_t digit = (size_t)(*reader->at - '0');
        if (*extent > (SIZE_MAX - digit) / 10)
            return broken(reader, "an extent is too large");
        *extent = *extent * 10 + digit;
    }
    if (reader->at == start)
        return broken(reader, "an extent is no number");
    take(reader, 'L');                      /* Python 2 wrote long integers so */
    return LSTMC_OK;
}

static int read_shape(struct reader *reader, struct lstmc_npy *array)
{
    if (!take(reader, '('))
        return broken(reader, "'shape' is no tuple");
    array->rank = 0;
    while (!take(reader, ')')) {
        if (array->rank == LSTMC_RANK_MAX)
            return lstmc_fail(reader->message, LSTMC_BAD_FILE, "%s: has more than %d axes", reader->path,
                              LSTMC_RANK_MAX);
        int status = read_extent(reader, &array->shape[array->rank++]);
        if (status)
            return status;
        if (!take(reader, ',')) {
            if (!take(reader, ')'))
                return broken(reader, "'shape' is not closed");
            break;
        }
    }
    return LSTMC_OK;
}

static int read_dictionary(struct reader *reader, struct lstmc_npy *array)
{
    enum { DESCR = 1, ORDER = 2, SHAPE = 4 };
    int seen = 0;
    if (!take(reader, '{'))
        return broken(reader, "no dictionary");
    while (!take(reader, '}')) {
        char key[16];
        if (!take_text(reader, key, sizeof key) || !take(reader, ':'))
            return broken(reader, "a key is broken");
        int is = !strcmp(key, "descr")           ? DESCR
                 : !strcmp(key, "fortran_order") ? ORDER
                 : !strcmp(key, "shape")         ? SHAPE
                                                 : 0;
        if (!is || (seen & is))
            return broken(reader, is ? "a key appears twice" : "a key is unknown");
        seen |= is;
        int status = is == DESCR   ? read_dtype(reader, array)
                     : is == ORDER ? read_order(reader)
                                   : read_shape(reader, array);
        if (status)
            return status;
        if (!take(reader, ',')) {
            if (!take(reader, '}'))
                return broken(reader, "the dictionary is not closed");
            break;
        }
    }
    skip_space(reader);
    if (reader->at != reader->end)
        return broken(reader, "text behind the dictionary");
    return seen == (DESCR | ORDER | SHAPE) ? LSTMC_OK
                                           : broken(reader, "'descr', 'fortran_order' or 'shape' is missing");
}

/* Where the data starts, and the text of the header between. */
static int find_header(struct reader *reader, const unsigned char *bytes, size_t size, size_t *start)
{
    if (size < MAGIC_SIZE + 4 || memcmp(bytes, MAGIC, MAGIC_SIZE))
        return lstmc_fail(reader->message, LSTMC_BAD_FILE, "%s: is not a .npy file", reader->path);
    int version = bytes[6];
    if (version < 1 || version > 3 || bytes[7] != 0)
        return lstmc_fail(reader->message, LSTMC_BAD_FILE, "%s: .npy format %d.%d is not known", reader->path, version,
                          bytes[7]);
    size_t before = version == 1 ? 10 : 12;
    if (size < before)
        return lstmc_fail(reader->message, LSTMC_BAD_FILE, "%s: is cut off in its header", reader->path);
    size_t length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (version > 1)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length > size - before)
        return lstmc_fail(reader->message, LSTMC_BAD_FILE, "%s: is cut off in its header", reader->path);
    reader->at = (const char *)bytes + before;
    reader->end = reader->at + length;
    *start = before + length;
    return LSTMC_OK;
}

/* The product of the shape, which must be what the file holds. */
static int check_size(const struct reader *reader, struct lstmc_npy *array, size_t held)
{
    size_t element = (size_t)(array->dtype[2] - '0');
    int empty = 0;
    for (int i = 0; i < array->rank; i++)
        empty |= array->shape[i] == 0;
    array->count = empty ? 0 : 1;
    for (int i = 0; i < array->rank && !empty; i++) {
        if (array->count > SIZE_MAX / element / array->shape[i])
            return lstmc_fail(reader->message, LSTMC_BAD_FILE, "%s: its shape is larger than any memory", reader->path);
        array->count *= array->shape[i];
    }
    if (array->count * element != held)
        return lstmc_fail(reader->message, LSTMC_BAD_FILE,
                          "%s: %s: its shape needs %zu bytes of data, the file has %zu", reader->path,
                          array->count * element > held ? "is cut off" : "has bytes behind its data",
                          array->count * element, held);
    return LSTMC_OK;
}

int lstmc_npy_read(const char *path, struct lstmc_npy *array, struct lstmc_message *message)
{
    struct reader reader = { .path = path, .message = message };
    size_t start = 0;
    memset(array, 0, sizeof *array);
    struct lstmc_mapping file;
    int status = lstmc_map_file(path, &file, message);
    if (!status)
        status = find_header(&reader, file.start, file.bytes, &start);
    if (!status)
        status = read_dictionary(&reader, array);
    if (!status)
        status = check_size(&reader, array, file.bytes - start);
    if (status) {
        lstmc_unmap(&file);
        memset(array, 0, sizeof *array);
        return status;
    }
    array->file = file;
    array->bytes = (const unsigned char *)file.start + start;
    return LSTMC_OK;
}

/* IEEE 754 binary16. */
static double half_value(unsigned bits)
{
    unsigned exponent = bits >> 10 & 31, fraction = bits & 1023;
    double sign = bits >> 15 ? -1 : 1;
    if (exponent == 31)
        return fraction ? (double)__builtin_nanf("") : sign * (double)__builtin_inff();
    if (exponent == 0)
        return sign * fraction / 16777216.0;
    int power = (int)exponent - 25;
    double value = 1024 + fraction;
    return sign * (power >= 0 ? value * (double)(1 << power) : value / (double)(1 << -power));
}

double lstmc_npy_value(const struct lstmc_npy *array, size_t index)
{
    int size = array->dtype[2] - '0';
    const unsigned char *byte = array->bytes + index * (size_t)size;
    uint64_t bits = 0;
    for (int i = 0; i < size; i++)
        bits |= (uint64_t)byte[i] << 8 * i;
    if (array->dtype[1] == 'b')
        return bits != 0;
    if (array->dtype[1] == 'u')
        return (double)bits;
    if (array->dtype[1] == 'i') {
        uint64_t sign = UINT64_C(1) << (8 * size - 1);
        return bits & sign ? -(double)((sign - (bits & (sign - 1)))) : (double)bits;
    }
    if (size == 2)
        return half_value((unsigned)bits);
    if (size == 4) {
        uint32_t low = (uint32_t)bits;
        float value;
        memcpy(&value, &low, sizeof value);
        return (double)value;
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void lstmc_npy_free(struct lstmc_npy *array)
{
    lstmc_unmap(&array->file);
    memset(array, 0, sizeof *array);
}
