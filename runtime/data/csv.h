/* csv.h: a table of numbers out of a CSV file, and what is made of its rows before they become samples. */
#ifndef LSTMC_CSV_H
#define LSTMC_CSV_H

#include "runtime/lstmc.h"

struct lstmc_table_options {
    /* a name is one from the first line, or a position from "1"; it may appear twice */
    const char *const *names; int name_count;
    /* the column whose equal cells, one below the other, make a group; NULL: the file is one */
    const char *group;
    int header;                 /* 1: the first line is names; -1: it is not; 0: it is, if it looks like that */
    int keep_missing;           /* 1: a missing value is read as NaN; 0: it is a mistake */
    lstmc_unpack *unpack;       /* for gzip files; may be NULL */
    struct lstmc_notes *notes;  /* may be NULL */
};

struct lstmc_table {
    size_t rows;
    int columns, groups;
    double *value;              /* [rows, columns]: finite, or NaN where keep_missing was asked for */
    int *line;                  /* [rows]: where the row stands in the file, from 1 */
    int *group;                 /* [rows]: 0, 1, ... in the order of the file */
    int *run;                   /* [rows]: equal where rows follow each other without a gap */
    char *computed;             /* [columns]: 1: no cell holds it */
};

/* Reads the named columns, in the order of `names`. With a group, "remaining" is the number of rows until the end of
 * the group, unless the file has a column of that name. How the file is read: sheet.h. */
int lstmc_table_read(const char *path, const struct lstmc_table_options *options, struct lstmc_table *table,
                     struct lstmc_message *message);
void lstmc_table_free(struct lstmc_table *table);

/* rows.c. Does with missing values what "drop", "previous" or "interpolate" say, group by group; afterwards all values
 * are finite. */
int  lstmc_rows_complete(struct lstmc_table *table, const char *missing, const char *path, const char *const *names,
                         struct lstmc_message *message);
/* Adds to the computed columns what a file says is left after the end of each group: one number for each, in their
 * order. */
int lstmc_rows_add_remaining(struct lstmc_table *table, const char *path, const struct lstmc_table_options *options,
                             const char *table_path, struct lstmc_message *message);

#endif
