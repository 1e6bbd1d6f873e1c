/* sheet.h: the text of a table as rows of cells. */
#ifndef LSTMC_SHEET_H
#define LSTMC_SHEET_H

#include "runtime/lstmc.h"

struct lstmc_cell {
    const char *text;           /* ends with 0, inside the file's bytes */
    size_t length;
};

struct lstmc_row {
    size_t first;               /* in sheet.cells */
    int count, line;
};

#define LSTMC_BLANKS ' '        /* as a separator: any number of blanks and tabs */

struct lstmc_sheet {
    const char *path;
    char separator;
    struct lstmc_cell *cells; size_t cell_count, cell_capacity;
    struct lstmc_row *rows;   size_t row_count, row_capacity;
    char first_line[61];        /* how it begins, for messages */
    int has_end;                /* 1: the last row ends with the end of its line */
    int blank_line;             /* the first one between two rows; 0: there is none */
    struct lstmc_message *message;
    struct scanner {            /* of what was not read yet */
        char *at, *end;
        int line;
        int blank_line;         /* the first one so far, or 0 */
    } rest;
};

/* RFC 4180: quotes, doubled quotes, line ends inside quotes; also CR alone, blank lines, a byte order mark. Cells are
 * separated by what a first line "sep=;" says, by commas, or else by semicolons, tabs or | where the first line has
 * them, or else by blanks where it, or the line below a line of names, is nothing but numbers with blanks between them.
 * Commas between digits are no separators beside semicolons or tabs. What is no text (UTF-16, zero bytes) is refused.
 * The sheet points into `bytes`, which are changed and have a zero byte behind them. */
int  lstmc_sheet_scan(struct lstmc_sheet *sheet, char *bytes, size_t size);
void lstmc_sheet_free(struct lstmc_sheet *sheet);

/* The same row by row: no row at first, then one more with each call, as long as there is one (row_count grows).
 * Whoever needs the last row no more drops it, before the next one. */
int  lstmc_sheet_begin(struct lstmc_sheet *sheet, char *bytes, size_t size);
int  lstmc_sheet_next(struct lstmc_sheet *sheet);
static inline void lstmc_sheet_drop(struct lstmc_sheet *sheet)
{
    sheet->cell_count = sheet->rows[--sheet->row_count].first;
}

/* NULL: the row is shorter. */
static inline const struct lstmc_cell *lstmc_sheet_cell(const struct lstmc_sheet *sheet, size_t row, int column)
{
    return column < sheet->rows[row].count ? &sheet->cells[sheet->rows[row].first + (size_t)column] : NULL;
}

#endif
