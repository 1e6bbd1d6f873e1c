/* test_npy.c: numpy's files: every dtype, every header version, malformed ones, and mutations of a good one. */
#include "runtime/lstmc.h"
#include "mutate.h"
#include "temporary.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct image {
    unsigned char bytes[1024];
    size_t size;
};

/* A file as numpy writes it: magic, version, length of the header, the header padded to 64 bytes, the data. */
static struct image make_image(int version, const char *header, const void *data, size_t size)
{
    struct image image = { .size = 0 };
    size_t before = version == 1 ? 10 : 12, length = strlen(header) + 1;
    while ((before + length) % 64)
        length++;
    memcpy(image.bytes, "\x93NUMPY", 6);
    image.bytes[6] = (unsigned char)version;
    image.bytes[8] = (unsigned char)(length & 255);
    image.bytes[9] = (unsigned char)(length >> 8);
    memset(image.bytes + before, ' ', length);
    memcpy(image.bytes + before, header, strlen(header));
    image.bytes[before + length - 1] = '\n';
    if (size)
        memcpy(image.bytes + before + length, data, size);
    image.size = before + length + size;
    return image;
}

static int read_image(const struct image *image, struct lstmc_npy *array, struct lstmc_message *message)
{
    struct temporary_file file = temporary_write(image->bytes, image->size);
    memset(message, 0, sizeof *message);
    int status = lstmc_npy_read(file.path, array, message);
    temporary_remove(&file);
    return status;
}

static void expect_values(const char *dtype, const void *data, size_t size, const double *values, size_t count)
{
    char header[128];
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%zu,), }", dtype, count);
    struct image image = make_image(1, header, data, size);
    struct lstmc_npy array;
    struct lstmc_message message;
    cr_assert_eq(read_image(&image, &array, &message), 0, "%s: %s", dtype, message.text);
    cr_expect_str_eq(array.dtype, dtype);
    cr_assert(array.rank == 1 && array.count == count, "%s: rank %d count %zu, expected 1 and %zu", dtype, array.rank, array.count, count);
    for (size_t i = 0; i < count; i++) {
        double value = lstmc_npy_value(&array, i);
        cr_expect(value == values[i] || (isnan(value) && isnan(values[i])), "%s[%zu]: %.17g, expected %.17g", dtype, i, value, values[i]);
    }
    lstmc_npy_free(&array);
}

Test(npy, dtypes)
{
    const int8_t i1[] = { -128, -1, 127 };
    const uint8_t u1[] = { 0, 200, 255 };
    const int16_t i2[] = { INT16_MIN, -2, 32767 };
    const uint16_t u2[] = { 0, 9999, 65535 };
    const int32_t i4[] = { INT32_MIN, -3, INT32_MAX };
    const uint32_t u4[] = { 0, 7, UINT32_MAX };
    const int64_t i8[] = { INT64_MIN, -5, INT64_C(4503599627370496) };
    const uint64_t u8[] = { 0, 1, UINT64_C(1) << 63 };
    const float f4[] = { -0.5f, 1e-42f, 3.4e38f };
    const double f8[] = { -1e300, 0.1, NAN };
    const uint16_t f2[] = { 0x3c00, 0xc500, 0x0001, 0x7bff, 0xfc00, 0x3555 };
    expect_values("|b1", u1, 3, (double[]){ 0, 1, 1 }, 3);
    expect_values("|i1", i1, sizeof i1, (double[]){ -128, -1, 127 }, 3);
    expect_values("|u1", u1, sizeof u1, (double[]){ 0, 200, 255 }, 3);
    expect_values("<i2", i2, sizeof i2, (double[]){ -32768, -2, 32767 }, 3);
    expect_values("<u2", u2, sizeof u2, (double[]){ 0, 9999, 65535 }, 3);
    expect_values("<i4", i4, sizeof i4, (double[]){ -2147483648.0, -3, 2147483647 }, 3);
    expect_values("<u4", u4, sizeof u4, (double[]){ 0, 7, 4294967295.0 }, 3);
    expect_values("<i8", i8, sizeof i8, (double[]){ -9223372036854775808.0, -5, 4503599627370496.0 }, 3);
    expect_values("<u8", u8, sizeof u8, (double[]){ 0, 1, 9223372036854775808.0 }, 3);
    expect_values("<f4", f4, sizeof f4, (double[]){ -0.5, (double)1e-42f, (double)3.4e38f }, 3);
    expect_values("<f8", f8, sizeof f8, f8, 3);
    expect_values("<f2", f2, sizeof f2, (double[]){ 1, -5, 1.0 / 16777216, 65504, -INFINITY, 0.333251953125 }, 6);
}

Test(npy, headers)
{
    static const struct { int version, rank; const char *header; } table[] = {
        { 1, 2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" },
        { 2, 2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" },
        { 3, 2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" },
        { 1, 2, "{\"shape\":(2L,3L),\"descr\":\"<f4\",\"fortran_order\":False}" },
        { 1, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)}" },
        { 1, 4, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 1, 3), }" },
    };
    const float data[6] = { 0, 1, 2, 3, 4, 5 };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct image image = make_image(table[i].version, table[i].header, data, sizeof data);
        struct lstmc_npy array;
        struct lstmc_message message;
        cr_assert_eq(read_image(&image, &array, &message), 0, "%s: %s", table[i].header, message.text);
        cr_expect(array.rank == table[i].rank && array.count == 6 && lstmc_npy_value(&array, 5) == 5, "%s: rank %d, count %zu",
                  table[i].header, array.rank, array.count);
        lstmc_npy_free(&array);
    }
    struct image scalar = make_image(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", data, 4);
    struct image empty = make_image(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 5), }", data, 0);
    struct lstmc_npy array;
    struct lstmc_message message;
    cr_assert_eq(read_image(&scalar, &array, &message), 0, "%s", message.text);
    cr_expect(array.rank == 0 && array.count == 1);
    lstmc_npy_free(&array);
    cr_assert_eq(read_image(&empty, &array, &message), 0, "%s", message.text);
    cr_expect(array.rank == 2 && array.count == 0);
    lstmc_npy_free(&array);
}

Test(npy, refused)
{
    static const struct { const char *header, *expected; } table[] = {
        { "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", "big-endian" },
        { "{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", "Fortran order" },
        { "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "'<c8' is not supported" },
        { "{'descr': '<U2', 'fortran_order': False, 'shape': (1,), }", "'<U2' is not supported" },
        { "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "'|O' is not supported" },
        { "{'descr': '|f4', 'fortran_order': False, 'shape': (2,), }", "'|f4' is not supported" },
        { "{'descr': '', 'fortran_order': False, 'shape': (2,), }", "'' is not supported" },
        { "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", "records of several fields" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "is cut off" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "bytes behind its data" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "larger than any memory" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387905,), }", "larger than any memory" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,), }", "an extent is too large" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "an extent is no number" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,2), }", "more than 6 axes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, }", "an extent is no number" },
        { "{'descr': '<f4', 'fortran_order': False, }", "is missing" },
        { "{'descr': '<f4', 'descr': '<f4', 'shape': (2,), }", "a key appears twice" },
        { "{'descr': '<f4', 'order': False, 'shape': (2,), }", "a key is unknown" },
        { "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }", "neither True nor False" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } x", "text behind the dictionary" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2,) ", "is not closed" },
        { "", "no dictionary" },
    };
    const float data[2] = { 1, 2 };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct image image = make_image(1, table[i].header, data, sizeof data);
        struct lstmc_npy array;
        struct lstmc_message message;
        int status = read_image(&image, &array, &message);
        cr_expect(status == LSTMC_BAD_FILE && strstr(message.text, table[i].expected), "%s: status %d, \"%s\", expected \"%s\"", table[i].header,
                  status, message.text, table[i].expected);
        cr_expect(array.bytes == NULL, "%s: leaves memory behind", table[i].header);
    }
}

Test(npy, no_such_file)
{
    struct lstmc_npy array;
    struct lstmc_message message;
    cr_expect_eq(lstmc_npy_read("/nonexistent/x.npy", &array, &message), LSTMC_IO);
    cr_expect(strstr(message.text, "/nonexistent/x.npy: No such file"), "%s", message.text);
    cr_expect_eq(lstmc_npy_read("/tmp", &array, &message), LSTMC_IO);
    cr_expect(strstr(message.text, "not a regular file"), "%s", message.text);
}

Test(npy, every_length)
{
    const uint16_t data[6] = { 1, 2, 3, 4, 5, 6 };
    struct image image = make_image(1, "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3), }", data, sizeof data);
    for (size_t size = 0; size < image.size; size++) {
        struct image cut = image;
        struct lstmc_npy array;
        struct lstmc_message message;
        cut.size = size;
        int status = read_image(&cut, &array, &message);
        cr_expect(status == LSTMC_BAD_FILE && *message.text, "%zu bytes of %zu: status %d \"%s\"", size, image.size, status, message.text);
    }
}

static int read_mutation(void *context, const char *path, struct lstmc_message *message)
{
    struct lstmc_npy array;
    (void)context;
    int status = lstmc_npy_read(path, &array, message);
    double sum = 0;
    for (size_t i = 0; i < array.count; i++)
        sum += lstmc_npy_value(&array, i);
    cr_expect(!isinf(sum));
    lstmc_npy_free(&array);
    return status;
}

Test(npy, mutations)
{
    const uint16_t data[6] = { 1, 2, 3, 4, 5, 6 };
    const struct image good = make_image(1, "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3), }", data, sizeof data);
    struct mutations done = mutate(good.bytes, good.size, "'(),{}: 0123456789<>|uif", read_mutation, NULL);
    cr_expect(done.refused > done.files / 2 && done.refused < done.files, "%d of %d mutations were refused", done.refused, done.files);
}

Test(npy, imdb)
{
    struct lstmc_npy array;
    struct lstmc_message message;
    struct stat status;
    if (stat("../shared/data/imdb-ids/test_x.npy", &status))
        cr_skip_test("../shared/data/imdb-ids is not here");
    cr_assert_eq(lstmc_npy_read("../shared/data/imdb-ids/test_x.npy", &array, &message), 0, "%s", message.text);
    cr_expect(array.rank == 2 && array.shape[0] == 10000 && array.shape[1] == 200, "shape %zu %zu", array.shape[0], array.shape[1]);
    cr_expect_str_eq(array.dtype, "<u2");
    double largest = 0;
    for (size_t i = 0; i < array.count; i++)
        largest = fmax(largest, lstmc_npy_value(&array, i));
    cr_expect_eq(largest, 9999, "largest id %g, expected 9999", largest);
    lstmc_npy_free(&array);
}
