/* csv.h: a table of numbers out of a CSV file. */
#ifndef LSTMC_CSV_H
#define LSTMC_CSV_H

#include "lstmc.h"

struct lstmc_table {
    size_t rows;
    int columns;
    double *value;              /* [rows, columns], all finite */
    int *line;                  /* [rows]: where the row stands in the file, from 1 */
};

/* Reads the named columns, in the order of `names` (a name may appear twice). A name is one from the first line, or a position from "1".
 * RFC 4180: quotes, doubled quotes, line ends inside quotes; also CR alone, blank lines, a byte order mark, and ; or tab between cells where
 * the first line has no comma. */
int  lstmc_table_read(const char *path, const char *const *names, int name_count, struct lstmc_table *table, struct lstmc_message *message);
void lstmc_table_free(struct lstmc_table *table);

#endif
