# torch_client.py: PyTorch as a reader and as a writer of models.
#   open MODULE.safetensors X.npy Y.npy: how far what MODULE.py with these weights predicts of X is from Y; status 1
#     beyond 1e-5.
#   make FOLDER: models of its own, each in FOLDER/NAME with state_dict.pt, input.npy and output.npy.
import importlib.util
import os
import re
import struct
import sys

import torch
from torch import nn


def read(path):
    with open(path, 'rb') as file:
        data = file.read()
    length = struct.unpack('<H', data[8:10])[0]
    header = data[10:10 + length].decode('latin1')
    shape = [int(s) for s in re.search(r"'shape': \(([^)]*)\)", header).group(1).split(',') if s.strip()]
    kind = {'<f4': torch.float32, '<f8': torch.float64, '<i4': torch.int32}[re.search(r"'descr': '([^']*)'", header).group(1)]
    return torch.frombuffer(bytearray(data[10 + length:]), dtype=kind).reshape(shape)


def write(path, tensor):
    kind, code = ('<i4', 'i') if tensor.dtype == torch.int32 else ('<f4', 'f')
    shape = ', '.join(str(s) for s in tensor.shape) + (',' if tensor.dim() == 1 else '')
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}"
    header += ' ' * (-(len(header) + 11) % 64) + '\n'
    values = tensor.flatten().tolist()
    with open(path, 'wb') as file:
        file.write(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header.encode('latin1'))
        file.write(struct.pack(f'<{len(values)}{code}', *values))


def open_model(weights, x, y):
    spec = importlib.util.spec_from_file_location('exported', os.path.splitext(weights)[0] + '.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    x, y = read(x), read(y)
    with torch.no_grad():
        found = module.load(weights)(x.long() if x.dtype == torch.int32 else x)
    far = float((found - y.reshape(found.shape)).abs().max() / max(1.0, float(y.abs().max())))
    print(f'{far:.1e}')
    return 0 if far < 1e-5 else 1


class Stack(nn.Module):
    """A recurrent layer, and what stands on its last step."""

    def __init__(self, rnn, outputs, embedding=None):
        super().__init__()
        if embedding:
            self.embedding = embedding
        self.rnn = rnn
        self.fc = nn.Linear(rnn.hidden_size * (2 if rnn.bidirectional else 1), outputs)

    def forward(self, x):
        x = self.embedding(x) if hasattr(self, 'embedding') else x
        steps, states = self.rnn(x)
        if self.rnn.bidirectional:
            h = states[0] if isinstance(states, tuple) else states
            return self.fc(torch.cat([h[-2], h[-1]], -1))
        return self.fc(steps[:, -1])


class Convolution(nn.Module):
    """A convolution along time, and what reads its output step by step."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(3, 6, 3)
        self.rnn = nn.GRU(6, 5, batch_first=True)
        self.fc = nn.Linear(5, 2)

    def forward(self, x):
        x = torch.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        return self.fc(self.rnn(x)[0][:, -1])


def make(folder):
    torch.manual_seed(3)
    models = {
        'stacked_lstm': (Stack(nn.LSTM(4, 7, num_layers=2, batch_first=True), 3), torch.rand(3, 9, 4) * 2 - 1),
        'gru': (Stack(nn.GRU(3, 6, batch_first=True), 2), torch.rand(3, 8, 3) * 2 - 1),
        'bidirectional_gru': (Stack(nn.GRU(3, 5, batch_first=True, bidirectional=True), 2), torch.rand(3, 7, 3) * 2 - 1),
        'tokens': (Stack(nn.LSTM(5, 6, batch_first=True), 4, nn.Embedding(12, 5)), torch.randint(0, 12, (3, 8))),
        'convolution': (Convolution(), torch.rand(3, 9, 3) * 2 - 1),
    }
    for name, (model, x) in models.items():
        to = os.path.join(folder, name)
        os.makedirs(to, exist_ok=True)
        torch.save(model.state_dict(), os.path.join(to, 'state_dict.pt'))
        with torch.no_grad():
            write(os.path.join(to, 'output.npy'), model(x))
        write(os.path.join(to, 'input.npy'), x.int() if x.dtype == torch.int64 else x)
        print(name)
    return 0


if __name__ == '__main__':
    sys.exit(open_model(*sys.argv[2:]) if sys.argv[1] == 'open' else make(sys.argv[2]))
