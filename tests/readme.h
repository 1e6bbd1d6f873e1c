/* readme.h: the fenced blocks of README.md and of the manual, and whether what a command printed is what stands there.
 *
 *     ```lua lamp.lua             a file to be written            ```sh       commands to be run
 *     ```c from lamp.h            lines of a file                 ```text     what the commands in front of it print
 *     ```console                  commands that test_install runs
 *
 * There are no others: nothing is there for people alone. */
#ifndef README_H
#define README_H

#include <stdbool.h>

enum { README_BLOCKS_MAX = 100 };

typedef enum ReadmeKind {
    README_FILE, README_EXCERPT, README_COMMANDS, README_OUTPUT, README_CONSOLE, README_UNKNOWN
} ReadmeKind;

typedef struct ReadmeBlock {
    ReadmeKind kind;
    char file[128];             /* of README_FILE and README_EXCERPT */
    char *text;
    int line;                   /* of its first line, from 1 */
    bool follows;               /* nothing but empty lines between the block before and this one */
} ReadmeBlock;

typedef struct Readme {
    ReadmeBlock block[README_BLOCKS_MAX];
    int count;
} Readme;

/* Ends the test if the file cannot be read or a block is not closed or of no kind. Free with readme_free. */
void readme_read(const char *path, Readme *readme);
void readme_free(Readme *readme);

/* The content of a file, to be freed; NULL if it cannot be read. */
char *readme_file(const char *path);

/* The pages: README.md, then the rooms of compiler/manual/ in the order in which README.md links them first. Ends the
 * test if a room is not linked. */
enum { README_PAGES_MAX = 30 };

int readme_pages(char pages[README_PAGES_MAX][64]);

/* Relative links of a page, below the folder `root`, whose file or heading is not there: their number, and a line for
 * each in `report`, to be freed. *links: how many were looked at. */
int readme_wrong_links(const char *root, const char *page, int *links, char **report);

/* Whether `actual` is as `expected` says. A line of three dots stands for any lines. Space is as good as more space.
 * A number with a point or an exponent may differ by a tenth, or by anything below 1e-5: deviations and losses depend
 * on the C library's last bit. Whole numbers may not. */
bool readme_matches(const char *expected, const char *actual);

/* Whether the lines of `expected` stand in `actual`. */
bool readme_contains(const char *expected, const char *actual);

#endif
