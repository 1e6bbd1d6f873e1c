/* instance.c: in: a prepared session.  out: calls of its compiled model, whose memory it has. */
#include "instance.h"

int instance_open(Instance *instance, const Session *session)
{
    const struct lstmc_model *m = session->loaded.model;
    *instance = (Instance){ .model = m, .packed = lstmc_alloc(m->packed_bytes + 1),
                            .state = lstmc_alloc(m->state_bytes + 1), .scratch = lstmc_alloc(m->scratch_bytes + 1) };
    if (!instance->packed || !instance->state || !instance->scratch)
        return LSTMC_NO_MEMORY;
    m->prepare(instance->packed, session->weights);
    return LSTMC_OK;
}

void instance_close(Instance *instance)
{
    lstmc_free(instance->packed);
    lstmc_free(instance->state);
    lstmc_free(instance->scratch);
}

void instance_reset(const Instance *instance)
{
    instance->model->reset(instance->packed, instance->state);
}

int instance_step(const Instance *instance, const void *x, float *y)
{
    return instance->model->step(instance->packed, instance->state, x, y);
}

void instance_predict(const Instance *instance, const void *x, int32_t length, float *y)
{
    const struct lstmc_model *m = instance->model;
    if (m->has_lengths)
        m->predict_lengths(instance->packed, instance->scratch, x, &length, y);
    else
        m->predict(instance->packed, instance->scratch, x, y);
}
