/* zip_write.c: in: entries as arrays of bytes, weights as arrays of floats.  out: a .keras archive: its entries are
 * stored as they are, the weights are the HDF5 file model.weights.h5 among them. */
#include "contents.h"

#ifndef HAVE_ZIP

void zip_write(const struct lstmc_tensor_file *from, const char *path)
{
    (void)from, (void)path;
    refuse("lstmc was built without libzip (Debian: libzip-dev), which writes .keras files");
}

#else

#include <string.h>
#include <zip.h>

static void add_entry(zip_t *archive, const char *name, const void *bytes, size_t length)
{
    zip_source_t *source = zip_source_buffer(archive, bytes, length, 0);
    zip_int64_t entry = source ? zip_file_add(archive, name, source, ZIP_FL_OVERWRITE | ZIP_FL_ENC_UTF_8) : -1;
    if (entry < 0 || zip_set_file_compression(archive, (zip_uint64_t)entry, ZIP_CM_STORE, 0) ||
        zip_file_set_mtime(archive, (zip_uint64_t)entry, 0, 0))
        refuse("its entry %s cannot be written: %s", name, zip_strerror(archive));
}

void zip_write(const struct lstmc_tensor_file *from, const char *path)
{
    int why = 0;
    size_t length = 0;
    unsigned char *weights = hdf5_write(from, "model.weights.h5", &length);
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &why);
    if (!archive)
        refuse("%s cannot be written", path);
    for (int i = 0; i < from->count; i++)
        if (!strcmp(from->tensors[i].dtype, "U8"))
            add_entry(archive, from->tensors[i].name, from->tensors[i].data, from->tensors[i].bytes);
    add_entry(archive, "model.weights.h5", weights, length);
    if (zip_close(archive))
        refuse("%s cannot be written: %s", path, zip_strerror(archive));
}

#endif
