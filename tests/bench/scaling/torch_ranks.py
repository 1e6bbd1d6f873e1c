"""torch_ranks.py: a training step in PyTorch on one process or on several, which mpirun has started: then with
DistributedDataParallel over gloo, each process with its part of the rows.
  torch_ranks.py FOLDER STEPS KIND ROWS ...
FOLDER: where they meet; what stands behind STEPS is a job of torch_peer.py.
The first one prints "step SECONDS LOSS FASTEST": the median of the steps behind the first two, the mean loss of all,
and the fastest of those steps."""
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import torch
import torch.distributed
from torch import nn
from torch_peer import Job

WARM_STEPS = 2


class Network(nn.Module):
    """The layers as the one module that DistributedDataParallel wants."""

    def __init__(self, job):
        super().__init__()
        self.parts, self.job = nn.ModuleList([layer.module for layer in job.layers]), [job.forward]

    def forward(self, x, logits):
        return self.job[0](x, logits)


def share(job, rank, ranks, rows):
    """A part of the rows; gradients are averaged in buckets, which are what the optimiser reads: nothing is copied."""
    first, end = rows * rank // ranks, rows * (rank + 1) // ranks
    job.x = job.x[:, first:end].contiguous()
    job.target = job.target.reshape(rows, -1)[first:end].reshape(-1)
    network = nn.parallel.DistributedDataParallel(Network(job), gradient_as_bucket_view=True, static_graph=True)
    job.forward = lambda x, logits: network(x, logits)


def main():
    folder, steps, job = sys.argv[1], int(sys.argv[2]), Job(*sys.argv[3:])
    rank, ranks = int(os.environ.get("OMPI_COMM_WORLD_RANK", 0)), int(os.environ.get("OMPI_COMM_WORLD_SIZE", 1))
    if ranks > 1:
        place = os.path.join(os.path.abspath(folder), "torch." + os.environ.get("PMIX_NAMESPACE", "meet"))
        torch.distributed.init_process_group("gloo", init_method="file://" + place, rank=rank, world_size=ranks)
        share(job, rank, ranks, int(sys.argv[4]))
    seconds, losses = [], []
    for _ in range(steps):
        start = time.perf_counter()
        job.call()
        seconds.append(time.perf_counter() - start)
        losses.append(job.loss_value)
    loss = torch.tensor([statistics.fmean(losses)], dtype=torch.float64)
    if ranks > 1:
        torch.distributed.all_reduce(loss)
    if rank == 0:
        timed = seconds[WARM_STEPS:]
        print("step %.9g %.9g %.9g" % (statistics.median(timed), loss.item() / ranks, min(timed)), flush=True)
    if ranks > 1:
        torch.distributed.destroy_process_group()


main()
