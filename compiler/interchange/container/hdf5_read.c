/* hdf5_read.c: in: an HDF5 file.  out: its arrays and attributes. What is not needed for weights and could reach
 * outside of the file, or turn in a circle, is refused. */
#include "contents.h"

#ifndef HAVE_HDF5

void hdf5_read(const char *path, void *image, size_t length, Contents *contents)
{
    (void)path, (void)image, (void)length, (void)contents;
    refuse("lstmc was built without HDF5 (Debian: libhdf5-dev), which reads .h5 and .keras files");
}

#else

#include <hdf5.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32
#define NAME_MAX_BYTES 1024
#define TEXT_BYTES_MAX ((size_t)256 << 20)

typedef struct Walk {
    Contents *contents;
    haddr_t above[DEPTH_MAX];   /* the groups that we are in */
    int depth;
    int entries;
} Walk;

/* ---- texts, as JSON ---- */

static json_t *text_of(const char *bytes, size_t length)
{
    json_t *text = json_stringn(bytes, length);
    return text ? text : json_string("");       /* what is no UTF-8 is nothing that we look for */
}

static size_t points_of(hid_t space, const char *what)
{
    hssize_t points = H5Sget_simple_extent_npoints(space);
    if (points < 0 || (size_t)points > TEXT_BYTES_MAX)
        refuse("%s: its extent cannot be read", what);
    return (size_t)points;
}

typedef herr_t Reader(hid_t object, hid_t type, void *buffer);

static herr_t read_attribute(hid_t object, hid_t type, void *buffer)
{
    return H5Aread(object, type, buffer);
}

static herr_t read_dataset(hid_t object, hid_t type, void *buffer)
{
    return H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer);
}

/* Texts of one length, or each of its own. */
static json_t *read_texts(hid_t object, hid_t type, hid_t space, Reader *read, const char *what)
{
    size_t points = points_of(space, what);
    json_t *list = json_array();
    hid_t memory = H5Tcopy(type);
    if (H5Tis_variable_str(type) > 0) {
        char **texts = room(points, sizeof *texts);
        if (read(object, memory, texts) < 0)
            refuse("%s cannot be read", what);
        for (size_t i = 0; i < points; i++)
            json_array_append_new(list, texts[i] ? text_of(texts[i], strlen(texts[i])) : json_string(""));
        H5Dvlen_reclaim(memory, space, H5P_DEFAULT, texts);
        free(texts);
    } else {
        size_t size = H5Tget_size(type);
        if (!size || (points && size > TEXT_BYTES_MAX / points))
            refuse("%s: its texts are too long", what);
        char *texts = room(points * size + 1, 1);
        if (read(object, memory, texts) < 0)
            refuse("%s cannot be read", what);
        for (size_t i = 0; i < points; i++)
            json_array_append_new(list, text_of(texts + i * size, strnlen(texts + i * size, size)));
        free(texts);
    }
    H5Tclose(memory);
    return list;
}

static json_t *read_numbers(hid_t object, hid_t space, Reader *read, const char *what)
{
    size_t points = points_of(space, what);
    if (points > TEXT_BYTES_MAX / sizeof(double))
        refuse("%s is too long", what);
    double *numbers = room(points, sizeof *numbers);
    if (read(object, H5T_NATIVE_DOUBLE, numbers) < 0)
        refuse("%s cannot be read", what);
    json_t *list = json_array();
    for (size_t i = 0; i < points; i++) {
        json_t *number = json_real(numbers[i]);
        json_array_append_new(list, number ? number : json_null());
    }
    free(numbers);
    return list;
}

/* A list of one that is no list in the file is the one itself. */
static void add_json(Contents *contents, const char *key, json_t *list, hid_t space)
{
    bool scalar = H5Sget_simple_extent_type(space) == H5S_SCALAR && json_array_size(list) == 1;
    char *text = json_dumps(scalar ? json_array_get(list, 0) : list, JSON_ENCODE_ANY | JSON_COMPACT);
    if (!text)
        refuse("%s is no text", key);
    contents_add_text(contents, key, text);
    free(text);
    json_decref(list);
}

static void read_attributes(Walk *walk, hid_t object, const char *path)
{
    H5O_info_t info;
    if (H5Oget_info(object, &info) < 0)
        refuse("%s cannot be read", *path ? path : "its first group");
    for (hsize_t i = 0; i < info.num_attrs; i++) {
        char name[NAME_MAX_BYTES];
        hid_t attribute = H5Aopen_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT);
        if (attribute < 0 || H5Aget_name(attribute, sizeof name, name) < 0)
            refuse("an attribute of %s cannot be read", *path ? path : "its first group");
        char *key = written("%s@%s", path, name);
        hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
        H5T_class_t kind = H5Tget_class(type);
        if (kind == H5T_STRING)
            add_json(walk->contents, key, read_texts(attribute, type, space, read_attribute, key), space);
        else if (kind == H5T_INTEGER || kind == H5T_FLOAT)
            add_json(walk->contents, key, read_numbers(attribute, space, read_attribute, key), space);
        H5Sclose(space), H5Tclose(type), H5Aclose(attribute);
        if (++walk->entries > CONTENTS_ENTRIES_MAX)
            refuse("it holds more than %d arrays and texts", CONTENTS_ENTRIES_MAX);
    }
}

/* ---- arrays ---- */

static void check_storage(hid_t dataset, const char *path)
{
    hid_t list = H5Dget_create_plist(dataset);
    if (list < 0)
        refuse("%s cannot be read", path);
    if (H5Pget_external_count(list) != 0)
        refuse("%s lies in another file", path);
    H5D_layout_t layout = H5Pget_layout(list);
    if (layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED && layout != H5D_COMPACT)
        refuse("%s is put together of other files", path);
    for (int i = 0, count = H5Pget_nfilters(list); i < count; i++) {
        size_t numbers = 0;
        unsigned flags, config;
        H5Z_filter_t filter = H5Pget_filter2(list, (unsigned)i, &flags, &numbers, NULL, 0, NULL, &config);
        if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
            refuse("%s is compressed in a way that is not known here (filter %d)", path, (int)filter);
    }
    H5Pclose(list);
}

static void read_array(Walk *walk, hid_t dataset, const char *path)
{
    check_storage(dataset, path);
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    H5T_class_t kind = H5Tget_class(type);
    hsize_t extents[H5S_MAX_RANK];
    size_t shape[H5S_MAX_RANK];
    int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0 || H5Sget_simple_extent_dims(space, extents, NULL) < 0)
        refuse("%s: its extent cannot be read", path);
    for (int d = 0; d < rank; d++)
        shape[d] = (size_t)extents[d];
    if (kind == H5T_STRING) {
        add_json(walk->contents, path, read_texts(dataset, type, space, read_dataset, path), space);
    } else if (kind == H5T_FLOAT || kind == H5T_INTEGER) {
        bool real = kind == H5T_FLOAT;
        void *data = contents_add(walk->contents, path, real ? "F32" : "I64", real ? 4 : 8, rank, shape);
        if (H5Sget_simple_extent_npoints(space) > 0 &&
            read_dataset(dataset, real ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT64, data) < 0)
            refuse("%s cannot be read", path);
    }
    H5Sclose(space), H5Tclose(type);
}

/* ---- groups ---- */

static void walk_group(Walk *walk, hid_t group, const char *path);

static void enter_group(Walk *walk, hid_t group, haddr_t address, const char *path)
{
    for (int i = 0; i < walk->depth; i++)
        if (walk->above[i] == address)
            refuse("%s is a link to a group that it is in", path);
    if (walk->depth == DEPTH_MAX)
        refuse("its groups are nested more than %d deep", DEPTH_MAX);
    walk->above[walk->depth++] = address;
    walk_group(walk, group, path);
    walk->depth--;
}

static void open_entry(Walk *walk, hid_t group, const char *name, const char *path)
{
    H5O_info_t info;
    hid_t object = H5Oopen(group, name, H5P_DEFAULT);
    if (object < 0 || H5Oget_info(object, &info) < 0)
        refuse("%s cannot be opened", path);
    if (info.type == H5O_TYPE_GROUP) {
        enter_group(walk, object, info.addr, path);
    } else if (info.type == H5O_TYPE_DATASET) {
        read_array(walk, object, path);
        read_attributes(walk, object, path);
    }
    H5Oclose(object);
}

/* Also of files that were saved on Windows by Keras before 3. */
static char *path_of(const char *path, const char *name)
{
    char *whole = written("%s%s%s", path, *path ? "/" : "", name);
    for (char *c = whole; *c; c++)
        if (*c == '\\')
            *c = '/';
    return whole;
}

static void walk_group(Walk *walk, hid_t group, const char *path)
{
    H5G_info_t info;
    read_attributes(walk, group, path);
    if (H5Gget_info(group, &info) < 0)
        refuse("%s cannot be read", *path ? path : "its first group");
    for (hsize_t i = 0; i < info.nlinks; i++) {
        H5L_info_t link;
        char name[NAME_MAX_BYTES];
        if (H5Lget_info_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, &link, H5P_DEFAULT) < 0 ||
            H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT) < 0)
            refuse("a name in %s cannot be read", *path ? path : "its first group");
        char *inside = path_of(path, name);
        if (link.type == H5L_TYPE_EXTERNAL)
            refuse("%s is a link to another file", inside);
        if (link.type != H5L_TYPE_HARD)
            refuse("%s is a link by name, which no file of weights has", inside);
        if (++walk->entries > CONTENTS_ENTRIES_MAX)
            refuse("it holds more than %d arrays and texts", CONTENTS_ENTRIES_MAX);
        open_entry(walk, group, name, inside);
        free(inside);
    }
}

void hdf5_read(const char *path, void *image, size_t length, Contents *contents)
{
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1);        /* we only read, also from where nothing can be locked */
    setenv("HDF5_PLUGIN_PATH", "/nowhere", 1);
    H5PLset_loading_state(0);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);              /* what is wrong is said by us */
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (image && (H5Pset_fapl_core(access, 1 << 16, 0) < 0 || H5Pset_file_image(access, image, length) < 0))
        refuse("there is not enough memory for what it holds");
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
    if (file < 0)
        refuse("is damaged, or no HDF5 file");
    hid_t first = H5Gopen2(file, "/", H5P_DEFAULT);
    H5O_info_t info;
    if (first < 0 || H5Oget_info(first, &info) < 0)
        refuse("is damaged: its first group cannot be read");
    Walk walk = { .contents = contents };
    enter_group(&walk, first, info.addr, "");
    H5Gclose(first), H5Fclose(file), H5Pclose(access);
}

#endif
