/* zip_read.c: in: a zip archive.  out: its entries, each of them as long as it says that it is. */
#include "contents.h"

#ifndef HAVE_ZIP

void zip_read(const char *path, Contents *contents)
{
    (void)path, (void)contents;
    refuse("lstmc was built without libzip (Debian: libzip-dev), which reads .keras and .pt files");
}

#else

#include <string.h>
#include <zip.h>

static void read_whole(zip_t *archive, zip_uint64_t i, const char *name, void *data, size_t length)
{
    zip_file_t *entry = zip_fopen_index(archive, i, 0);
    if (!entry)
        refuse("its entry %s cannot be read: %s", name, zip_strerror(archive));
    char more;
    size_t done = 0;
    while (done < length) {
        zip_int64_t got = zip_fread(entry, (char *)data + done, length - done);
        if (got <= 0)
            refuse("its entry %s is damaged", name);
        done += (size_t)got;
    }
    if (zip_fread(entry, &more, 1) != 0)
        refuse("its entry %s is longer than it says, or damaged", name);
    zip_fclose(entry);
}

static void read_entry(zip_t *archive, zip_uint64_t i, Contents *contents)
{
    zip_stat_t about;
    if (zip_stat_index(archive, i, 0, &about) || !(about.valid & ZIP_STAT_NAME) || !(about.valid & ZIP_STAT_SIZE))
        refuse("entry %llu cannot be read: %s", (unsigned long long)i + 1, zip_strerror(archive));
    size_t length = (size_t)about.size, letters = strlen(about.name);
    if (letters && about.name[letters - 1] == '/')
        return;                                         /* a folder */
    if (about.size > CONTENTS_BYTES_MAX)
        refuse("its entry %s is larger than %zu bytes", about.name, CONTENTS_BYTES_MAX);
    if (letters > 3 && !strcmp(about.name + letters - 3, ".h5")) {
        void *image = room(length, 1);
        read_whole(archive, i, about.name, image, length);
        hdf5_read(about.name, image, length, contents);
    } else {
        read_whole(archive, i, about.name, contents_add(contents, about.name, "U8", 1, 1, &length), length);
    }
}

void zip_read(const char *path, Contents *contents)
{
    int why = 0;
    zip_t *archive = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &why);
    if (!archive)
        archive = zip_open(path, ZIP_RDONLY, &why);
    if (!archive)
        refuse("is damaged, or no zip archive");
    zip_int64_t count = zip_get_num_entries(archive, 0);
    for (zip_int64_t i = 0; i < count; i++)
        read_entry(archive, (zip_uint64_t)i, contents);
    zip_discard(archive);
}

#endif
