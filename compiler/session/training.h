/* training.h: what a description says of its training, as the runtime takes it. */
#ifndef TRAINING_H
#define TRAINING_H

#include "session.h"

/* Epochs, seed, schedule, metrics and all else but the callbacks, and who is called; after session_prepare. */
struct lstmc_train_options training_options(const Session *session);

/* What a training begins with that goes on from nothing: drawn weights, adapted layers, vectors of files. 0, or an
 * enum lstmc_status with the session's message. */
int training_first_weights(Session *session, uint64_t seed);

/* Whether a callback is to restore the best weights in the end. */
bool training_restores_best(const Model *model);

/* A copy of the description's callback of this number, whose rate is what its function says. A function that fails sets
 * *failed and ends the training: its diagnostic is there, and a rate of NaN would only hide it. */
struct lstmc_callback training_callback(const Session *session, int callback, bool *failed);

#endif
