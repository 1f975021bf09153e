"""A policy network of one's own: any torch module, here a recurrent one.

python docs/examples/torch_policy.py; in this folder also: bierl train CartPole-v1 --policy torch_policy:Remembers
--generations 5
"""

import torch

import bierl_fast as bf


class Remembers(torch.nn.Module):
    """A GRU cell; what it remembers ends with the episode."""

    def __init__(self, observation_size: int, action_size: int) -> None:
        super().__init__()
        self.cell = torch.nn.GRUCell(observation_size, 8)
        self.output = torch.nn.Linear(8, action_size)
        self.reset()

    def reset(self) -> None:
        """Called at the start of every episode."""
        self.state = torch.zeros(1, 8)

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        """(O,) float32 -> (A,) float32; of a discrete action space an output for each action: the largest acts."""
        self.state = self.cell(observation[None], self.state)
        answer: torch.Tensor = self.output(self.state[0])
        return answer


if __name__ == "__main__":  # modules run in worker processes, which import this file
    config = bf.Config(task="CartPole-v1", policy=Remembers, strategy="snes", meta="none", population=32, sigma=0.3)
    result = bf.train(config.replace(workers=2, generations=5))  # raise to 40
    print("mean return", [round(record["mean_return"]) for record in result.metrics])
    print(type(result.policy).__name__, result.parameters.shape, "parameters")
