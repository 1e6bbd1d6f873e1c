/* export_activation.c: in: the name of an activation.  out: what Python calls it. */
#include "export.h"

#include <string.h>

/* %s: what it is of. */
static const struct { const char *name, *python; } activations[] = {
    { "relu", "torch.relu(%s)" }, { "tanh", "torch.tanh(%s)" }, { "sigmoid", "torch.sigmoid(%s)" },
    { "softmax", "torch.softmax(%s, -1)" }, { "log_softmax", "torch.log_softmax(%s, -1)" }, { "elu", "F.elu(%s)" },
    { "selu", "F.selu(%s)" }, { "gelu", "F.gelu(%s)" }, { "silu", "F.silu(%s)" }, { "mish", "F.mish(%s)" },
    { "softplus", "F.softplus(%s)" }, { "softsign", "F.softsign(%s)" }, { "relu6", "F.relu6(%s)" },
    { "leaky_relu", "F.leaky_relu(%s, 0.2)" }, { "exponential", "torch.exp(%s)" },
    { "hard_sigmoid", "F.hardsigmoid(%s)" }, { "hard_silu", "F.hardswish(%s)" },
    { "hard_sigmoid_keras2", "torch.clamp(0.2 * %s + 0.5, 0, 1)" },
};

void torch_export_activation(TorchExport *to, const TorchLayer *one, const char *name)
{
    if (!name || !strcmp(name, "linear"))
        return;
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
        if (!strcmp(activations[i].name, name)) {
            const char *of = strstr(activations[i].python, "%s");
            torch_forward(to, "%s = %.*s%s%s", one->y, (int)(of - activations[i].python), activations[i].python, one->y,
                          of + 2);
            return;
        }
    torch_cannot(to, one->layer, "PyTorch has no activation %s", name);
}
