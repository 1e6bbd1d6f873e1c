/* spectrum.c: in: samples.  out: the logarithm of the power in each band, frame by frame. The only file that knows
 * FFTW. */
#include "sound.h"

#ifdef HAVE_FFTW
#include "runtime/base/message.h"

#include <fftw3.h>
#include <math.h>
#include <stdlib.h>

size_t lstmc_spectrum_frames(const struct lstmc_spectrum *spectrum, size_t samples)
{
    size_t frame = (size_t)spectrum->frame;
    return samples <= frame ? 1 : 1 + (samples - frame) / (size_t)spectrum->step;
}

struct transform {
    float *in;
    fftwf_complex *out;
    fftwf_plan plan;
};

int lstmc_spectrum_open(struct lstmc_spectrum *spectrum, struct lstmc_message *message)
{
    int size = spectrum->frame;
    struct transform *t = calloc(1, sizeof *t);
    spectrum->window = calloc((size_t)size, sizeof *spectrum->window);
    spectrum->transform = t;
    if (t && spectrum->window) {
        t->in = fftwf_alloc_real((size_t)size);
        t->out = fftwf_alloc_complex((size_t)size / 2 + 1);
        if (t->in && t->out)
            /* does not measure: the same sums each time */
            t->plan = fftwf_plan_dft_r2c_1d(size, t->in, t->out, FFTW_ESTIMATE);
        for (int n = 0; n < size; n++)
            spectrum->window[n] = (float)(0.5 - 0.5 * cos(2 * acos(-1.0) * n / size));
    }
    if (t && t->plan)
        return LSTMC_OK;
    lstmc_spectrum_close(spectrum);
    return lstmc_fail_memory(message, "the Fourier transform");
}

void lstmc_spectrum_close(struct lstmc_spectrum *spectrum)
{
    struct transform *t = spectrum->transform;
    if (t) {
        if (t->plan)
            fftwf_destroy_plan(t->plan);
        fftwf_free(t->in);
        fftwf_free(t->out);
    }
    free(t);
    free(spectrum->window);
    spectrum->transform = NULL;
    spectrum->window = NULL;
}

void lstmc_spectrum_frame(struct lstmc_spectrum *spectrum, const struct lstmc_sound *sound, size_t frame, float *band)
{
    struct transform *t = spectrum->transform;
    size_t first = frame * (size_t)spectrum->step, bins = (size_t)spectrum->frame / 2 + 1;
    for (size_t n = 0; n < (size_t)spectrum->frame; n++)
        t->in[n] = first + n < sound->count ? sound->sample[first + n] * spectrum->window[n] : 0;
    fftwf_execute(t->plan);
    for (int b = 0; b < spectrum->bands; b++) {
        const float *weight = spectrum->weight + (size_t)b * bins;
        float power = LSTMC_POWER_FLOOR;
        for (size_t k = 0; k < bins; k++)
            power += weight[k] * (t->out[k][0] * t->out[k][0] + t->out[k][1] * t->out[k][1]);
        band[b] = logf(power);
    }
}

#endif
