"""torch_peer.py: the workloads in PyTorch, for the bench (torch.c), which talks to it in lines over standard input and output:
  open KIND ROWS STEPS THREADS LOSS LAYERS WEIGHTS X TARGET [LENGTHS] -> ready
    KIND: sequence, streaming, silence, training; LAYERS: see describe.c; the last ones are files
  run N                                                       -> seconds of N calls: wall time, processor time
  show FILE                                                   -> loss       output or gradients, in Keras's order and layout, into FILE
Anything that goes wrong is answered by a line "error ..."."""
import sys
import time

try:
    import torch
    from torch import nn
except ImportError as problem:
    print("error", problem, flush=True)
    sys.exit(1)

ACTIVATIONS = {"linear": lambda y: y, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softmax": lambda y: torch.softmax(y, -1)}
LOSSES = {"mse": nn.MSELoss(), "binary": nn.BCEWithLogitsLoss(), "sparse": nn.CrossEntropyLoss()}
POOLING = {"max_pooling": nn.functional.max_pool1d, "average_pooling": nn.functional.avg_pool1d}


def exchange(rows):
    """A GRU's gates: Keras has z r h, PyTorch r z h; the same exchange leads back."""
    z, r, h = rows.chunk(3)
    return torch.cat([r, z, h])


def take(weights, *shape):
    count = 1
    for extent in shape:
        count *= extent
    values, weights[0] = weights[0][:count], weights[0][count:]
    return values.reshape(shape)


MODULES = {"lstm": (nn.LSTM, 4, 1), "gru": (nn.GRU, 3, 2), "rnn": (nn.RNN, 1, 1)}     # gates, Keras's rows of biases


class Recurrent:
    def __init__(self, kind, inputs, units, rest, weights, lengths):
        self.last, self.exchange, self.state = rest == "last", exchange if kind == "gru" else lambda rows: rows, None
        self.lengths, self.learned = lengths, []
        module, gates, biases = MODULES[kind]
        self.module = module(inputs, units, bidirectional=rest == "bidirectional")
        for suffix in ["", "_reverse"] if self.module.bidirectional else [""]:
            self.take_direction(suffix, gates, biases, weights)

    def take_direction(self, suffix, gates, biases, weights):
        inputs, units = self.module.input_size, self.module.hidden_size
        values = [take(weights, inputs, gates * units).t(), take(weights, units, gates * units).t(), *take(weights, biases, gates * units)]
        if biases == 1:         # Keras has one bias; PyTorch's second stays zero and still
            values.append(torch.zeros(gates * units))
        parameters = [getattr(self.module, name + suffix) for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")]
        for parameter, value in zip(parameters, values):
            parameter.data.copy_(self.exchange(value))
        self.learned += parameters[:2 + biases]
        if biases == 1:
            parameters[3].requires_grad_(False)

    def __call__(self, x, streaming, logits):
        if self.lengths is not None:    # computes the steps that count alone; h of the last ones comes in the rows' own order
            _, (h, _) = self.module(nn.utils.rnn.pack_padded_sequence(x, self.lengths, enforce_sorted=False))
            return h[0]
        y, state = self.module(x, self.state)
        if streaming:
            self.state = state
        return y[-1] if self.last else y

    def gradients(self):
        return [self.exchange(parameter.grad).t() if parameter.dim() == 2 else self.exchange(parameter.grad) for parameter in self.learned]


class Dense:
    def __init__(self, inputs, units, activation, weights):
        self.module, self.activation = nn.Linear(inputs, units), ACTIVATIONS[activation]
        self.learned = [self.module.weight, self.module.bias]
        self.module.weight.data.copy_(take(weights, inputs, units).t())
        self.module.bias.data.copy_(take(weights, units))

    def __call__(self, x, streaming, logits):
        y = self.module(x)
        return y if logits else self.activation(y)

    def gradients(self):
        return [self.module.weight.grad.t(), self.module.bias.grad]


class Embedding:
    def __init__(self, words, width, weights):
        self.module = nn.Embedding(words, width)
        self.learned = [self.module.weight]
        self.module.weight.data.copy_(take(weights, words, width))

    def __call__(self, x, streaming, logits):
        return self.module(x)

    def gradients(self):
        return [self.module.weight.grad]


class Convolution:
    """nn.Conv1d wants [row, feature, step]: the data lie so (Job), and what is turned here is the numbering of the axes."""

    def __init__(self, inputs, filters, size, weights):
        self.module = nn.Conv1d(inputs, filters, size)
        self.learned = [self.module.weight, self.module.bias]
        self.module.weight.data.copy_(take(weights, size, inputs, filters).permute(2, 1, 0))
        self.module.bias.data.copy_(take(weights, filters))

    def __call__(self, x, streaming, logits):
        return torch.relu(self.module(x.permute(1, 2, 0))).permute(2, 0, 1)

    def gradients(self):
        return [self.module.weight.grad.permute(2, 1, 0), self.module.bias.grad]


class Attention:
    def __init__(self, inputs, units, heads, weights):
        assert inputs == units
        self.module, self.learned = nn.MultiheadAttention(units, heads), []
        kernels, biases = zip(*[(take(weights, inputs, units).t(), take(weights, units)) for _ in range(4)])
        self.module.in_proj_weight.data.copy_(torch.cat(kernels[:3]))
        self.module.in_proj_bias.data.copy_(torch.cat(biases[:3]))
        self.module.out_proj.weight.data.copy_(kernels[3])
        self.module.out_proj.bias.data.copy_(biases[3])
        self.learned = list(self.module.parameters())

    def __call__(self, x, streaming, logits):
        return self.module(x, x, x, need_weights=False)[0]

    def gradients(self):
        inside, out = self.module.in_proj_weight.grad.chunk(3), self.module.out_proj
        pairs = list(zip(inside, self.module.in_proj_bias.grad.chunk(3))) + [(out.weight.grad, out.bias.grad)]
        return [value for kernel, bias in pairs for value in (kernel.t(), bias)]


class Average:
    def __init__(self):
        self.module, self.learned = nn.Identity(), []

    def __call__(self, x, streaming, logits):
        return x.mean(0)

    def gradients(self):
        return []


class Pooling:
    def __init__(self, function, size):
        self.module, self.learned, self.function, self.size = nn.Identity(), [], function, size

    def __call__(self, x, streaming, logits):
        return self.function(x.permute(1, 2, 0), self.size).permute(2, 0, 1)

    def gradients(self):
        return []


class Normalization:
    """The first axes of a batch's normalisation, steps and rows, are one to PyTorch."""

    def __init__(self, module, units, weights):
        self.module, self.learned = module, list(module.parameters())
        for parameter in self.learned:
            parameter.data.copy_(take(weights, units))

    def take_statistics(self, weights):
        if isinstance(self.module, nn.BatchNorm1d):
            self.module.running_mean.copy_(take(weights, self.module.num_features))
            self.module.running_var.copy_(take(weights, self.module.num_features))

    def __call__(self, x, streaming, logits):
        return self.module(x.flatten(0, 1)).reshape(x.shape)

    def gradients(self):
        return [parameter.grad for parameter in self.learned]


def make_layer(words, weights, lengths):
    kind, inputs, units, rest = words.split(":")
    if kind == "embedding":
        return Embedding(int(inputs), int(units), weights)
    if kind == "dense":
        return Dense(int(inputs), int(units), rest, weights)
    if kind == "conv1d":
        return Convolution(int(inputs), int(units), int(rest), weights)
    if kind == "attention":
        return Attention(int(inputs), int(units), int(rest), weights)
    if kind == "average":
        return Average()
    if kind in POOLING:
        return Pooling(POOLING[kind], int(rest))
    if kind == "batch_normalization":
        return Normalization(nn.BatchNorm1d(int(units), eps=1e-3, momentum=0.01), int(units), weights)
    if kind == "layer_normalization":
        return Normalization(nn.LayerNorm(int(units), eps=1e-3), int(units), weights)
    return Recurrent(kind, int(inputs), int(units), rest, weights, lengths)


def read(path, dtype):
    with open(path, "rb") as file:
        content = bytearray(file.read())
        return torch.frombuffer(content, dtype=dtype) if content else torch.empty(0, dtype=dtype)


class Job:
    """One workload, opened. Data are [step, row, feature], as nn.LSTM wants them."""

    def __init__(self, kind, rows, steps, threads, loss, layers, weights, x, target, lengths=None):
        torch.set_num_threads(int(threads))
        torch.set_flush_denormal(kind == "training")    # as our engine does
        rows, steps = int(rows), int(steps)
        values = [read(weights, torch.float32)]
        lengths = read(lengths, torch.int32).long() if lengths else None
        self.layers = [make_layer(words, values, lengths) for words in layers.split(",")]
        for layer in self.layers:           # statistics stand behind all weights that are learned
            if isinstance(layer, Normalization):
                layer.take_statistics(values)
        self.training, self.loss_function = kind == "training", LOSSES[loss]
        self.streaming = kind in ("streaming", "silence")
        self.silence = kind == "silence"    # a stream that stays at its last step
        tokens = layers.startswith("embedding")
        x = read(x, torch.int32 if tokens else torch.float32)
        self.x = (x.reshape(rows, steps).t() if tokens else x.reshape(rows, steps, -1).transpose(0, 1)).contiguous()
        if layers.startswith("conv1d"):     # once, outside of what is timed
            self.x = self.x.permute(1, 2, 0).contiguous().permute(2, 0, 1)
        self.target = read(target, torch.int32 if loss == "sparse" else torch.float32)
        if loss == "sparse":
            self.target = self.target.long().reshape(rows, -1).t().reshape(-1)
        self.calls, self.updates, self.loss_value, self.output = 0, 0, 0.0, None
        self.optimizer = torch.optim.Adam([p for layer in self.layers for p in layer.learned], lr=1e-3) if self.training else None
        for layer in self.layers:
            layer.module.train(self.training)

    def forward(self, x, logits=False):
        for layer in self.layers:
            x = layer(x, self.streaming, logits and layer is self.layers[-1])
        return x

    def train(self):
        self.optimizer.zero_grad(set_to_none=True)
        y = self.forward(self.x, self.loss_function is not LOSSES["mse"])
        loss = self.loss_function(y.reshape(-1, y.shape[-1]) if self.target.dtype == torch.long else y.reshape(-1), self.target)
        loss.backward()
        self.updates += 1           # Keras adds epsilon before the correction of the second moment, PyTorch behind it
        self.optimizer.param_groups[0]["eps"] = 1e-7 / (1 - 0.999 ** self.updates) ** 0.5
        self.optimizer.step()
        self.loss_value = loss.item()

    def call(self):
        if self.training:
            self.train()
            return
        with torch.inference_mode():
            at = min(self.calls, self.x.shape[0] - 1) if self.silence else self.calls % self.x.shape[0]
            self.output = self.forward(self.x[at:at + 1] if self.streaming else self.x)
            self.calls += 1

    def run(self, count):
        start, worked = time.perf_counter(), time.process_time()
        for _ in range(int(count)):
            self.call()
        return "%.17g %.17g" % (time.perf_counter() - start, time.process_time() - worked)

    def show(self, path):
        values = [g for layer in self.layers for g in layer.gradients()] if self.training else [self.output]
        with open(path, "wb") as file:
            for value in values:
                file.write(value.detach().contiguous().numpy().tobytes())
        return "%.17g" % self.loss_value


def main():
    job = None
    print("ready", flush=True)
    for line in sys.stdin:
        words = line.split()
        try:
            if words[0] == "open":
                job = Job(*words[1:])
                answer = "ready"
            else:
                answer = job.run(words[1]) if words[0] == "run" else job.show(words[1])
        except Exception as problem:        # the bench must hear of it, whatever it is
            answer = "error " + " ".join(str(problem).split())
        print(answer, flush=True)


if __name__ == "__main__":
    main()
