/* commands.h: the commands: a file for each, which returns the exit status. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "compiler/session/arguments.h"

int command_compile(const Arguments *arguments);
int command_summary(const Arguments *arguments);
int command_check(const Arguments *arguments);
int command_train(const Arguments *arguments);
int command_search(const Arguments *arguments);
int command_evaluate(const Arguments *arguments);
int command_predict(const Arguments *arguments);
int command_sample(const Arguments *arguments);
int command_plot(const Arguments *arguments);
int command_tune(const Arguments *arguments);
int command_fuzz(const Arguments *arguments);
int command_import(const Arguments *arguments);
int command_export(const Arguments *arguments);

/* lstmc import with --into: weights for a description that is there (import_into.c). */
int import_into(const Arguments *arguments);

#endif
