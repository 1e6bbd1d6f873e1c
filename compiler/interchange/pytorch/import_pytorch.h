/* import_pytorch.h: the door of this room: what PyTorch's people save to drafts. */
#ifndef IMPORT_PYTORCH_H
#define IMPORT_PYTORCH_H

#include "compiler/interchange/draft/json.h"

/* Whether an archive that was unpacked is one of torch.save. */
bool is_pytorch_archive(const struct lstmc_tensor_file *contents);

void import_pytorch_archive(Draft *draft, const DraftSource *source, const struct lstmc_tensor_file *contents);

/* A file of pickles, from before PyTorch 1.6. */
void import_pytorch_pickles(Draft *draft, const DraftSource *source);

/* A state dict as safetensors; a weight file of lstmc's own is said to be one. */
void import_safetensors(Draft *draft, const DraftSource *source);

/* Whether it is a state dict: nothing but lists of numbers, by names such as "lstm.weight_hh_l0". */
bool is_pytorch_json(const json_t *json);

void import_pytorch_json(Draft *draft, const DraftSource *source, const json_t *json);

#endif
