/* hdf5_write.c: in: arrays by their paths, attributes as JSON.  out: an HDF5 file, or its image in memory, as Keras
 * writes it: contiguous arrays, texts of any length, lists of texts of one length. */
#include "contents.h"

#ifndef HAVE_HDF5

unsigned char *hdf5_write(const struct lstmc_tensor_file *from, const char *path, size_t *length)
{
    (void)from, (void)path, (void)length;
    refuse("lstmc was built without HDF5 (Debian: libhdf5-dev), which writes .h5 and .keras files");
}

#else

#include <hdf5.h>
#include <jansson.h>
#include <string.h>

static hid_t checked(hid_t id, const char *what)
{
    if (id < 0)
        refuse("%s cannot be written", what);
    return id;
}

/* The group of that path, made with those above it where they are not there. */
static hid_t open_group(hid_t file, const char *path)
{
    hid_t group = checked(H5Gopen2(file, "/", H5P_DEFAULT), "/");
    char *copy = written("%s", path);
    for (char *name = strtok(copy, "/"); name; name = strtok(NULL, "/")) {
        hid_t inside = H5Lexists(group, name, H5P_DEFAULT) > 0
                           ? H5Gopen2(group, name, H5P_DEFAULT)
                           : H5Gcreate2(group, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        H5Gclose(group);
        group = checked(inside, path);
    }
    return group;
}

static void put(hid_t object, const char *name, hid_t type, hid_t space, const void *data)
{
    hid_t attribute = checked(H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT), name);
    if (data && H5Awrite(attribute, type, data) < 0)
        refuse("%s cannot be written", name);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
}

static void put_text(hid_t object, const char *name, const char *text)
{
    hid_t type = checked(H5Tcopy(H5T_C_S1), name);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    put(object, name, type, H5Screate(H5S_SCALAR), &text);
}

static void put_list(hid_t object, const char *name, const json_t *list)
{
    size_t longest = 1, count = json_array_size(list);
    for (size_t i = 0; i < count; i++) {
        size_t length = json_string_length(json_array_get(list, i));
        longest = length > longest ? length : longest;
    }
    char *texts = room(count * longest + 1, 1);
    for (size_t i = 0; i < count; i++)
        memcpy(texts + i * longest, json_string_value(json_array_get(list, i)),
               json_string_length(json_array_get(list, i)));
    hid_t type = checked(H5Tcopy(H5T_C_S1), name);
    hsize_t extent = count;
    H5Tset_size(type, longest);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    put(object, name, type, H5Screate_simple(1, &extent, NULL), count ? texts : NULL);
}

/* "PATH@NAME" and JSON: a text or a list of texts. Without a name it makes the group. */
static void put_attribute(hid_t file, const char *key, const char *text)
{
    const char *at = strrchr(key, '@');
    if (!at)
        return;                                         /* about the file itself */
    hid_t group = open_group(file, written("%.*s", (int)(at - key), key));
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    if (at[1] && json_is_string(json))
        put_text(group, at + 1, json_string_value(json));
    else if (at[1])
        put_list(group, at + 1, json);
    json_decref(json);
    H5Gclose(group);
}

static void put_array(hid_t file, const struct lstmc_file_tensor *tensor)
{
    const char *slash = strrchr(tensor->name, '/'), *name = slash ? slash + 1 : tensor->name;
    hid_t group = open_group(file, slash ? written("%.*s", (int)(slash - tensor->name), tensor->name) : "");
    hsize_t extents[LSTMC_FILE_RANK_MAX];
    for (int d = 0; d < tensor->rank; d++)
        extents[d] = tensor->shape[d];
    hid_t space = checked(H5Screate_simple(tensor->rank, extents, NULL), tensor->name);
    hid_t array = checked(H5Dcreate2(group, name, H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                          tensor->name);
    float *values = room(tensor->count, sizeof *values);
    lstmc_file_tensor_floats(tensor, values);
    if (H5Dwrite(array, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        refuse("%s cannot be written", tensor->name);
    H5Dclose(array), H5Sclose(space), H5Gclose(group);
}

static unsigned char *image_of(hid_t file, size_t *length)
{
    H5Fflush(file, H5F_SCOPE_GLOBAL);
    ssize_t size = H5Fget_file_image(file, NULL, 0);
    unsigned char *image = room(size > 0 ? (size_t)size : 1, 1);
    if (size <= 0 || H5Fget_file_image(file, image, (size_t)size) != size)
        refuse("the image of the HDF5 file cannot be made");
    *length = (size_t)size;
    return image;
}

unsigned char *hdf5_write(const struct lstmc_tensor_file *from, const char *path, size_t *length)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t access = checked(H5Pcreate(H5P_FILE_ACCESS), path);
    if (length && H5Pset_fapl_core(access, 1 << 16, 0) < 0)
        refuse("there is not enough memory");
    hid_t file = checked(H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access), path);
    for (const char **pair = from->metadata; pair && pair[0]; pair += 2)
        put_attribute(file, pair[0], pair[1]);
    for (int i = 0; i < from->count; i++)
        if (!strcmp(from->tensors[i].dtype, "F32"))
            put_array(file, &from->tensors[i]);
    unsigned char *image = length ? image_of(file, length) : NULL;
    if (H5Fclose(file) < 0)
        refuse("%s cannot be written", path);
    H5Pclose(access);
    return image;
}

#endif
