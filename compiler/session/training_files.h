/* training_files.h: what a training writes, and where: everything that can be wrong about it is said before the
 * training. */
#ifndef TRAINING_FILES_H
#define TRAINING_FILES_H

#include "session.h"

typedef struct TrainingFiles {
    const char *weights, *checkpoint, *log, *page;
    const char *flow;               /* NULL: not asked for */
} TrainingFiles;

/* Names them, makes their folders, keeps other trainings away from them, and looks at the names that callbacks have; of
 * several ranks the first one does that. 0, or an enum lstmc_status with the session's message. */
int training_files_open(Session *session, TrainingFiles *files);

/* Whether a callback may write a file of this name, and its folder. 0, or an enum lstmc_status with a message. */
int training_files_allow(const TrainingFiles *files, const struct lstmc_callback *callback, const char *path,
                         struct lstmc_message *message);

/* Whoever begins anew may have forgotten that a training was not finished, or has ended at a NaN: its checkpoint is
 * kept under another name. 0, or an enum lstmc_status with the session's message. */
int training_files_put_aside(Session *session, const TrainingFiles *files, int epochs);

#endif
