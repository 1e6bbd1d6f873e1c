/* sample_sets.h: lstmc sample of a model of sets of numbers, as multi_hot{...} reads them: notes, say. */
#ifndef SAMPLE_SETS_H
#define SAMPLE_SETS_H

#include "compiler/session/session.h"

/* Whether the description's data are sets. */
bool samples_sets(const Session *session);
/* Draws steps and prints them, a line each, or writes them to --out. 0 or an enum lstmc_status. */
int sample_sets(Session *session, const char *weight_file);

#endif
