"""torch_peer.py: the workloads in PyTorch, for the bench (torch.c), which talks to it in lines over standard input and output:
  open KIND ROWS STEPS THREADS LOSS LAYERS WEIGHTS X TARGET   -> ready      KIND: sequence, streaming, training; the last three are files
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


class Recurrent:
    def __init__(self, kind, inputs, units, last, weights):
        self.last, self.exchange, self.state = last, exchange if kind == "gru" else lambda rows: rows, None
        self.module = nn.GRU(inputs, units) if kind == "gru" else nn.LSTM(inputs, units)
        gates = 3 if kind == "gru" else 4
        biases = 2 if kind == "gru" else 1
        values = [take(weights, inputs, gates * units).t(), take(weights, units, gates * units).t(), *take(weights, biases, gates * units)]
        if biases == 1:         # Keras has one bias; PyTorch's second stays zero and still
            values.append(torch.zeros(gates * units))
        parameters = [self.module.weight_ih_l0, self.module.weight_hh_l0, self.module.bias_ih_l0, self.module.bias_hh_l0]
        for parameter, value in zip(parameters, values):
            parameter.data.copy_(self.exchange(value))
        self.learned = parameters[:2 + biases]
        if biases == 1:
            parameters[3].requires_grad_(False)

    def __call__(self, x, streaming, logits):
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


def make_layer(words, weights):
    kind, inputs, units, rest = words.split(":")
    if kind == "embedding":
        return Embedding(int(inputs), int(units), weights)
    if kind == "dense":
        return Dense(int(inputs), int(units), rest, weights)
    return Recurrent(kind, int(inputs), int(units), rest == "last", weights)


def read(path, dtype):
    with open(path, "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=dtype)


class Job:
    """One workload, opened. Data are [step, row, feature], as nn.LSTM wants them."""

    def __init__(self, kind, rows, steps, threads, loss, layers, weights, x, target):
        torch.set_num_threads(int(threads))
        rows, steps = int(rows), int(steps)
        values = [read(weights, torch.float32)]
        self.layers = [make_layer(words, values) for words in layers.split(",")]
        self.training, self.streaming, self.loss_function = kind == "training", kind == "streaming", LOSSES[loss]
        tokens = layers.startswith("embedding")
        x = read(x, torch.int32 if tokens else torch.float32)
        self.x = (x.reshape(rows, steps).t() if tokens else x.reshape(rows, steps, -1).transpose(0, 1)).contiguous()
        self.target = read(target, torch.int32 if loss == "sparse" else torch.float32)
        if loss == "sparse":
            self.target = self.target.long().reshape(rows, steps).t().reshape(-1)
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
            at = self.calls % self.x.shape[0]
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


main()
