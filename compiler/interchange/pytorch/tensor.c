/* tensor.c: in: a view of bytes: dtype, offset, shape, strides.  out: the numbers of the tensor as floats, each of them
 * from within its storage. */
#include "state.h"

#include <string.h>

typedef double Reader(const unsigned char *bytes);

static uint64_t bits_of(const unsigned char *bytes, int count)
{
    uint64_t bits = 0;
    for (int i = 0; i < count; i++)
        bits |= (uint64_t)bytes[i] << 8 * i;
    return bits;
}

static double float_of(uint32_t bits)
{
    float number;
    memcpy(&number, &bits, sizeof number);
    return (double)number;
}

static double read_float(const unsigned char *bytes)
{
    return float_of((uint32_t)bits_of(bytes, 4));
}

static double read_double(const unsigned char *bytes)
{
    uint64_t bits = bits_of(bytes, 8);
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static double read_bfloat16(const unsigned char *bytes)
{
    return float_of((uint32_t)bits_of(bytes, 2) << 16);
}

/* 5 bits of exponent, 10 of fraction. */
static double read_half(const unsigned char *bytes)
{
    uint32_t bits = (uint32_t)bits_of(bytes, 2), sign = (bits & 0x8000) << 16, rest = bits & 0x7fff;
    if (rest < 0x400)                       /* steps of 2^-24 below the smallest normal one */
        return (sign ? -1.0 : 1.0) * rest / (1 << 24);
    uint32_t exponent = rest >= 0x7c00 ? 0x7f800000 : (uint32_t)(127 - 15) << 23;
    return float_of(sign | (rest >= 0x7c00 ? exponent | (rest & 0x3ff) << 13 : exponent + (rest << 13)));
}

static double read_i64(const unsigned char *bytes)
{
    return (double)(int64_t)bits_of(bytes, 8);
}

static double read_i32(const unsigned char *bytes)
{
    return (int32_t)(uint32_t)bits_of(bytes, 4);
}

static double read_i16(const unsigned char *bytes)
{
    return (int16_t)(uint16_t)bits_of(bytes, 2);
}

static double read_i8(const unsigned char *bytes)
{
    return (int8_t)*bytes;
}

static double read_u8(const unsigned char *bytes)
{
    return *bytes;
}

static double read_bool(const unsigned char *bytes)
{
    return *bytes != 0;
}

static const struct {
    const char *storage, *safetensors, *name;
    size_t bytes;
    Reader *read;
} types[] = {
    { "FloatStorage", "F32", "float32", 4, read_float },
    { "DoubleStorage", "F64", "float64", 8, read_double },
    { "HalfStorage", "F16", "float16", 2, read_half },
    { "BFloat16Storage", "BF16", "bfloat16", 2, read_bfloat16 },
    { "LongStorage", "I64", "int64", 8, read_i64 },
    { "IntStorage", "I32", "int32", 4, read_i32 },
    { "ShortStorage", "I16", "int16", 2, read_i16 },
    { "CharStorage", "I8", "int8", 1, read_i8 },
    { "ByteStorage", "U8", "uint8", 1, read_u8 },
    { "BoolStorage", "BOOL", "bool", 1, read_bool },
};
#define TYPES ((int)(sizeof types / sizeof *types))

/* Its place; TYPES if there is none. "torch.cuda.FloatStorage" is one of a GPU. */
static int type_of(const char *dtype)
{
    static const char *const modules[] = { "torch.cuda.", "torch." };
    const char *bare = "";
    for (int m = 1; m >= 0; m--)
        if (!strncmp(dtype, modules[m], strlen(modules[m])))
            bare = dtype + strlen(modules[m]);
    int i = 0;
    while (i < TYPES && strcmp(types[i].safetensors, dtype) && strcmp(types[i].storage, bare))
        i++;
    return i;
}

size_t state_element_bytes(const char *dtype)
{
    int type = type_of(dtype);
    return type < TYPES ? types[type].bytes : 0;
}

/* The elements of a tensor; false if it reaches beyond its storage. Everything is compared before it is multiplied. */
static bool measure(const View *view, size_t available, size_t *count)
{
    size_t last = view->offset;
    *count = 1;
    for (int d = 0; d < view->rank; d++)
        if (!view->shape[d]) {
            *count = 0;
            return true;
        }
    for (int d = 0; d < view->rank; d++) {
        size_t steps = view->shape[d] - 1;
        if (*count > SIZE_MAX / 8 / view->shape[d] || (steps && view->strides[d] > (SIZE_MAX - last) / steps))
            return false;
        *count *= view->shape[d];
        last += steps * view->strides[d];
    }
    return last < available;
}

static void read_all(const View *view, int type, size_t count, float *values)
{
    size_t index[LSTMC_FILE_RANK_MAX] = { 0 }, at = view->offset;
    for (size_t i = 0; i < count; i++) {
        values[i] = (float)types[type].read(view->storage.data + at * types[type].bytes);
        for (int d = view->rank - 1; d >= 0; d--) {
            at += view->strides[d];
            if (++index[d] < view->shape[d])
                break;
            at -= index[d] * view->strides[d];
            index[d] = 0;
        }
    }
}

void state_add(State *state, const View *view)
{
    Draft *draft = state->draft;
    int type = type_of(view->dtype);
    size_t count;
    if (type == TYPES) {
        draft_refuse(draft, "%s: its numbers are %s, which is none of what is read here", view->name, view->dtype);
        return;
    }
    if (!measure(view, view->storage.bytes / types[type].bytes, &count)) {
        draft_refuse(draft, "%s: it reaches beyond its storage", view->name);
        return;
    }
    if (count > state->room) {          /* views that repeat what is there would make much out of a small file */
        draft_refuse(draft, "%s: the tensors have more numbers than such a file can hold", view->name);
        return;
    }
    state->room -= count;
    StateTensor tensor = { .name = view->name, .dtype = types[type].name, .rank = view->rank, .count = count };
    memcpy(tensor.shape, view->shape, sizeof tensor.shape);
    float *values = arena_array(draft->arena, float, count + 1);
    read_all(view, type, count, values);
    tensor.values = values;
    arena_append(draft->arena, state->tensors, state->count, state->capacity, tensor);
}
