/* test_container.c: HDF5 files that reach where no file of weights does: other files, themselves, more memory than there
 * is. Each ends in one message. */
#include "command.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#ifdef HAVE_HDF5

#include <hdf5.h>

static char *folder;

static void setup(void)
{
    folder = command_folder();
}

static void teardown(void)
{
    command_folder_remove(folder);
}

TestSuite(container, .init = setup, .fini = teardown);

typedef void Writer(hid_t file);

/* A file made by `write`, and what is said of it. */
static void expect_refused(Writer *write, const char *said)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/x.h5", folder);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert(file >= 0);
    write(file);
    cr_assert(H5Fclose(file) >= 0);
    command_expect(folder, 60, "$L import x.h5", 1, NULL, said);
}

static hid_t group_of(hid_t file, const char *name)
{
    return H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}

static void array_of(hid_t file, const char *name, int rank, const hsize_t *extents, hid_t list)
{
    hid_t space = H5Screate_simple(rank, extents, NULL);
    hid_t array = H5Dcreate2(file, name, H5T_IEEE_F32LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    cr_assert(array >= 0, "%s cannot be made", name);
    H5Dclose(array), H5Sclose(space);
}

static void link_to_another_file(hid_t file)
{
    H5Lcreate_external("/etc/passwd", "/", file, "layers", H5P_DEFAULT, H5P_DEFAULT);
}

static void link_by_name(hid_t file)
{
    H5Lcreate_soft("/nowhere", file, "layers", H5P_DEFAULT, H5P_DEFAULT);
}

static void group_in_itself(hid_t file)
{
    hid_t layers = group_of(file, "layers"), inside = group_of(layers, "lstm");
    H5Lcreate_hard(file, "layers", inside, "again", H5P_DEFAULT, H5P_DEFAULT);
    H5Gclose(inside), H5Gclose(layers);
}

static void numbers_in_another_file(hid_t file)
{
    const hsize_t extents[] = { 4 };
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(list, "/etc/passwd", 0, 16);
    array_of(file, "kernel", 1, extents, list);
    H5Pclose(list);
}

static void numbers_of_other_files(hid_t file)
{
    const hsize_t extents[] = { 4 };
    hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, extents, NULL);
    H5Pset_virtual(list, space, "/etc/other.h5", "kernel", space);
    array_of(file, "kernel", 1, extents, list);
    H5Pclose(list), H5Sclose(space);
}

/* Nothing of it is written: the file is small. */
static void more_than_there_is(hid_t file)
{
    const hsize_t extents[] = { (hsize_t)1 << 24, (hsize_t)1 << 24 }, chunk[] = { 1024, 1024 };
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(list, 2, chunk);
    array_of(file, "kernel", 2, extents, list);
    H5Pclose(list);
}

static void many_of_a_gigabyte(hid_t file)
{
    const hsize_t extents[] = { (hsize_t)1 << 28 }, chunk[] = { 1024 };
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(list, 1, chunk);
    for (int i = 0; i < 8; i++) {
        char name[20];
        snprintf(name, sizeof name, "kernel_%d", i);
        array_of(file, name, 1, extents, list);
    }
    H5Pclose(list);
}

static void deep_groups(hid_t file)
{
    hid_t group = group_of(file, "g");
    for (int i = 0; i < 60; i++) {
        hid_t inside = group_of(group, "g");
        H5Gclose(group);
        group = inside;
    }
    H5Gclose(group);
}

static void many_axes(hid_t file)
{
    const hsize_t extents[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    array_of(file, "kernel", 10, extents, H5P_DEFAULT);
}

static void nothing(hid_t file)
{
    (void)file;
}

Test(container, reaches_nowhere_else, .timeout = 120)
{
    expect_refused(link_to_another_file, "x.h5: layers is a link to another file\n");
    expect_refused(link_by_name, "x.h5: layers is a link by name");
    expect_refused(group_in_itself, "x.h5: layers/lstm/again is a link to a group that it is in\n");
    expect_refused(numbers_in_another_file, "x.h5: kernel lies in another file\n");
    expect_refused(numbers_of_other_files, "x.h5: kernel is put together of other files\n");
}

Test(container, takes_no_more_than_there_is, .timeout = 300)
{
    expect_refused(more_than_there_is, "x.h5: kernel is larger than");
    expect_refused(many_of_a_gigabyte, "x.h5: ");
    expect_refused(deep_groups, "x.h5: its groups are nested more than 32 deep\n");
    expect_refused(many_axes, "x.h5: kernel has 10 axes, more than 8\n");
    expect_refused(nothing, "x.h5: holds no weights of layers\n");
}

/* An archive that says that it holds more than it does, and less. */
Test(container, leaves_nothing_behind)
{
    command_write(folder, "x.keras", "PK\3\4and no more", 15);
    command_expect(folder, 60, "TMPDIR=$PWD $L import x.keras", 1, NULL, "x.keras: is damaged, or no zip archive");
    command_expect(folder, 60, "ls", 0, "x.keras\n", NULL);
}

#else

Test(container, needs_hdf5)
{
    cr_skip_test("built without HDF5");
}

#endif
