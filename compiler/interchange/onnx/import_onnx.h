/* import_onnx.h: the door of this room: files of ONNX to drafts. */
#ifndef IMPORT_ONNX_H
#define IMPORT_ONNX_H

#include "compiler/interchange/draft/draft.h"

/* Whether a file that begins so, or is called so, is one. */
bool is_onnx(const char *path, const unsigned char *begin, size_t length);

void import_onnx(Draft *draft, const DraftSource *source);

#endif
