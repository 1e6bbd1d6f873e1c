/* absent.c: the place of a peer whose library was not there when the bench was built. */
#include "bench.h"

static void *open_absent(const Task *task, const Data *data, char *why)
{
    (void)task;
    (void)data;
    snprintf(why, WHY_MAX, "its header dnnl.h was not there when the bench was built (libdnnl-dev)");
    return NULL;
}

const Peer peer_onednn = { "oneDNN", open_absent, NULL, NULL, NULL };
