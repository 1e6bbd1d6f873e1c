/* sound.c: in: a sound file.  out: its samples. The only file that knows libsndfile. */
#include "sound.h"

#ifdef HAVE_SNDFILE
#include "runtime/base/array.h"
#include "runtime/files/file.h"
#include "runtime/base/message.h"

#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>

#define CHANNELS_MAX 64
#define SAMPLE_MAX 1e6f         /* files of floats may hold anything; beyond this the power of a frame could overflow */
#define CHUNK 4096              /* samples of each channel that are read at once */

/* Samples are read as long as there are any: that the header promises no more has been checked where it can be. */
static int read_samples(SNDFILE *file, const SF_INFO *info, const char *path, struct lstmc_sound *sound,
                        struct lstmc_message *message)
{
    float *chunk = malloc((size_t)CHUNK * (size_t)info->channels * sizeof *chunk);
    size_t capacity = 0;
    int status = chunk ? LSTMC_OK : lstmc_fail_memory(message, path);
    for (sf_count_t got; !status && (got = sf_readf_float(file, chunk, CHUNK)) > 0;)
        for (sf_count_t i = 0; !status && i < got; i++) {
            float sum = 0;
            for (int channel = 0; channel < info->channels; channel++)
                sum += chunk[i * info->channels + channel];
            if (!(fabsf(sum) <= SAMPLE_MAX))
                status = lstmc_fail(message, LSTMC_BAD_FILE,
                                    "%.250s: sample %zu (from 0) is %g: too large, or no number", path, sound->count,
                                    (double)sum);
            else if (!lstmc_array_grow((void **)&sound->sample, sound->count, &capacity, sizeof *sound->sample))
                status = lstmc_fail_memory(message, path);
            else
                sound->sample[sound->count++] = sum / (float)info->channels;
        }
    free(chunk);
    if (!status && sf_error(file))
        status = lstmc_fail(message, LSTMC_BAD_FILE, "%.250s: sample %zu (from 0): %s", path, sound->count,
                            sf_strerror(file));
    if (!status && !sound->count)
        status = lstmc_fail(message, LSTMC_BAD_FILE, "%.250s: has no samples", path);
    return status;
}

int lstmc_sound_read(const char *path, struct lstmc_sound *sound, struct lstmc_message *message)
{
    SF_INFO info = { .format = 0 };
    memset(sound, 0, sizeof *sound);
    int descriptor = lstmc_file_open(path, message);
    if (descriptor < 0)
        return LSTMC_IO;
    SNDFILE *file = sf_open_fd(descriptor, SFM_READ, &info, SF_TRUE);
    if (!file)                          /* and closes the descriptor */
        return lstmc_fail(message, LSTMC_BAD_FILE, "%.250s: %s", path, sf_strerror(NULL));
    sound->rate = info.samplerate;
    int status = lstmc_riff_check(path, message);
    if (!status)
        status = info.channels >= 1 && info.channels <= CHANNELS_MAX && info.samplerate > 0
                     ? LSTMC_OK
                     : lstmc_fail(message, LSTMC_BAD_FILE, "%.250s: %d channels at %d Hz are no recording", path,
                                  info.channels, info.samplerate);
    if (!status)
        status = read_samples(file, &info, path, sound, message);
    sf_close(file);
    if (status) {
        free(sound->sample);
        memset(sound, 0, sizeof *sound);
    }
    return status;
}

#endif
