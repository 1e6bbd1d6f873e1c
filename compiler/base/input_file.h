/* input_file.h: what is read as it comes in: a file, a device, standard input, or a pipe that somebody writes. */
#ifndef INPUT_FILE_H
#define INPUT_FILE_H

#include "runtime/lstmc.h"

#include <stdbool.h>
#include <stdio.h>

/* "-", /dev/stdin and /dev/fd/N are descriptors that we have been given (as `<(command)` in a shell gives them); NULL
 * is "-". A pipe of any other name is read if somebody has it open to write, and refused instead of waited for if
 * nobody does. NULL with words. */
FILE *input_open(const char *path, struct lstmc_message *message);

bool input_is_standard(const char *path);

#endif
