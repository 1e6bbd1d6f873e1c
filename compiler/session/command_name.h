/* command_name.h: which commands there are, by the first word of the command line. */
#ifndef COMMAND_NAME_H
#define COMMAND_NAME_H

#include <stddef.h>

#define COMMAND_WRONG 300

/* The command of this name; NULL: there is none. "compile" has no name. */
const char *command_find(const char *word);

/* Words whose first one is no command: why it was meant for one, in `text`; NULL: it was not, and the words compile. */
const char *command_wrong(int count, char **words, char text[COMMAND_WRONG]);

#endif
