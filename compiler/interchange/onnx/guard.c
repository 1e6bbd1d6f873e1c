/* guard.c: in: the bytes of a file.  out: whether they are messages of protobuf that may be unpacked: lengths fit,
 * nothing is nested too deeply, and there are not too many messages, each of which takes far more memory than the two
 * bytes that it may have in a file. */
#include "onnx.h"

#define DEPTH_MAX 24
#define MESSAGES_MAX 4000000
#define GRAPHS_MAX 8            /* of a model: parts of one graph */

typedef enum Kind {
    MODEL = 1, GRAPH, NODE, ATTRIBUTE, TENSOR, ENTRY, VALUE, TYPE, TENSOR_TYPE, SHAPE, DIMENSION, OPERATOR_SET
} Kind;

/* Fields that are messages. What is there once is merged where it comes again, which costs the square of how often. */
static const struct {
    Kind in;
    unsigned field;
    Kind of;
    int most;                   /* times; 0: any */
} children[] = {
    { MODEL, 7, GRAPH, GRAPHS_MAX }, { MODEL, 8, OPERATOR_SET, 0 }, { GRAPH, 1, NODE, 0 }, { GRAPH, 5, TENSOR, 0 },
    { GRAPH, 11, VALUE, 0 }, { GRAPH, 12, VALUE, 0 }, { NODE, 5, ATTRIBUTE, 0 }, { ATTRIBUTE, 5, TENSOR, 1 },
    { ATTRIBUTE, 6, GRAPH, 1 }, { TENSOR, 13, ENTRY, 0 }, { VALUE, 2, TYPE, 1 }, { TYPE, 1, TENSOR_TYPE, 1 },
    { TENSOR_TYPE, 2, SHAPE, 1 }, { SHAPE, 1, DIMENSION, 0 },
};

#define CHILD_COUNT (sizeof children / sizeof *children)

typedef struct Bytes {
    const unsigned char *at, *end;
} Bytes;

static bool read_varint(Bytes *bytes, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        if (bytes->at == bytes->end)
            return false;
        unsigned char byte = *bytes->at++;
        if (shift < 64)
            *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

static bool skip(Bytes *bytes, uint64_t length)
{
    if (length > (size_t)(bytes->end - bytes->at))
        return false;
    bytes->at += length;
    return true;
}

static const char *check(Bytes bytes, Kind kind, int depth, size_t *left)
{
    int seen[CHILD_COUNT] = { 0 };
    if (depth > DEPTH_MAX)
        return "graphs stand in each other too deeply";
    if (!(*left)--)
        return "there are too many messages in it";
    while (bytes.at < bytes.end) {
        uint64_t key, length = 0;
        if (!read_varint(&bytes, &key) || key >> 3 == 0 || key >> 3 > 536870911)
            return "it is cut off, or no protobuf";
        unsigned wire = (unsigned)(key & 7);
        if (wire == 0 ? !read_varint(&bytes, &length) : wire == 1 ? !skip(&bytes, 8) : wire == 5 ? !skip(&bytes, 4)
            : wire != 2 || !read_varint(&bytes, &length))
            return "it is cut off, or no protobuf";
        Bytes inside = { bytes.at, bytes.at };
        if (wire == 2 && !skip(&bytes, length))
            return "it is cut off: a length in it goes beyond its end";
        inside.end = bytes.at;
        for (size_t c = 0; c < CHILD_COUNT; c++) {
            if (children[c].in != kind || children[c].field != key >> 3)
                continue;
            if (wire != 2 || (children[c].most && ++seen[c] > children[c].most))
                return "it is no ONNX model: a part of it has not the form that the format says";
            const char *why = check(inside, children[c].of, depth + 1, left);
            if (why)
                return why;
        }
    }
    return NULL;
}

const char *onnx_guard(const unsigned char *bytes, size_t length)
{
    size_t left = MESSAGES_MAX;
    return check((Bytes){ bytes, bytes + length }, MODEL, 0, &left);
}
