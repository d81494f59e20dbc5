"""The same nets in PyTorch, written as its users would write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Step = Callable[[], Any]


def _step(net: Any, x: Any, t: Any, optimizer: Any, clip: float | None = None) -> Step:
    import torch

    loss_of = torch.nn.CrossEntropyLoss()

    def step() -> None:
        optimizer.zero_grad()
        loss_of(net(x), t).backward()
        if clip is not None:
            torch.nn.utils.clip_grad_value_(net.parameters(), clip)
        optimizer.step()

    return step


def _image_step(net: Any, shape: tuple[int, ...], classes: int, channels_last: bool) -> Step:
    import torch

    x, t = torch.rand(shape) * 2 - 1, torch.randint(classes, (shape[0],))
    if channels_last:
        net = net.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    return _step(net, x, t, torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9))


def mnist_mlp(batch: int, channels_last: bool) -> Step:
    """Twin of ``nets.mnist_mlp`` (the memory format does not matter)."""
    import torch
    from torch import nn

    net = nn.Sequential(nn.Linear(784, 100, False), nn.ReLU(), nn.Linear(100, 10, False))
    x, t = torch.rand(batch, 784), torch.randint(10, (batch,))
    return _step(net, x, t, torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9))


def cifar_conv(batch: int, channels_last: bool, batch_norm: bool) -> Step:
    """Twin of ``nets.cifar_conv``."""
    from torch import nn

    def norm(kind: Any, width: int) -> list[Any]:
        return [kind(width)] if batch_norm else []

    net = nn.Sequential(
        *(nn.Conv2d(3, 16, 5, bias=False), *norm(nn.BatchNorm2d, 16), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 5, bias=False), *norm(nn.BatchNorm2d, 32), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(800, 500, False), *norm(nn.BatchNorm1d, 500), nn.ReLU()),
        nn.Linear(500, 10, False),
    )
    return _image_step(net, (batch, 3, 32, 32), 10, channels_last)


def char_lstm(batch: int, channels_last: bool, hidden: int) -> Step:
    """Twin of ``nets.char_lstm``."""
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.out = nn.LSTM(67, hidden), nn.Linear(hidden, 67, False)

        def forward(self, x: Any) -> Any:
            return self.out(self.lstm(x)[0].flatten(0, 1))

    net = Net()
    x, t = torch.rand(50, batch, 67), torch.randint(67, (50 * batch,))
    return _step(net, x, t, torch.optim.RMSprop(net.parameters(), lr=2e-3), clip=5.0)


def _stem() -> list[Any]:
    from torch import nn

    return [
        *(nn.Conv2d(3, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    ]


def gender_birnn(batch: int, channels_last: bool, size: int) -> Step:
    """Twin of ``nets.gender_birnn``: the second layer reads each direction's own half."""
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(*_stem())
            self.first = nn.RNN(8 * size, 100, bidirectional=True)
            self.ahead, self.back = nn.RNN(100, 100), nn.RNN(100, 100)
            self.out = nn.Linear(200, 2, False)

        def forward(self, x: Any) -> Any:
            maps = self.stem(x)
            h = self.first(maps.permute(3, 0, 1, 2).flatten(2))[0]
            ahead = self.ahead(h[..., :100].contiguous())[0]
            back = self.back(h[..., 100:].flip(0))[0].flip(0)
            return self.out(torch.cat([ahead, back], -1).mean(0))

    return _image_step(Net(), (batch, 3, size, size), 2, channels_last)


def gender_renet(batch: int, channels_last: bool, size: int, cell: str) -> Step:
    """Twin of ``nets.gender_renet``: rows and columns are folded into the batch of ``nn.GRU``."""
    from torch import nn

    kind = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell]

    class ReNet(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.vertical = kind(channels * 4, 100, bidirectional=True)
            self.horizontal = kind(200, 100, bidirectional=True)

        def forward(self, x: Any) -> Any:
            n, c, h, w = x.shape
            i, j = h // 2, w // 2
            p = x.reshape(n, c, i, 2, j, 2).permute(2, 0, 4, 1, 3, 5).reshape(i, n * j, c * 4)
            v = self.vertical(p)[0].reshape(i, n, j, 200).permute(2, 1, 0, 3).reshape(j, n * i, 200)
            return self.horizontal(v)[0].reshape(j, n, i, 200).permute(1, 3, 2, 0)

    net = nn.Sequential(
        *_stem(),
        *(ReNet(32), ReNet(200), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(200, 2, False)),
    )
    return _image_step(net, (batch, 3, size, size), 2, channels_last)
