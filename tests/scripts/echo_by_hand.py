"""A recurrent net that learns to echo what it heard three steps ago, its cell written with nn.Linear."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Cell(nn.Module):
    """h <- tanh(W x + U h)"""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.i2h = nn.Linear(inputs, hidden)
        self.h2h = nn.Linear(hidden, hidden, bias=False)
        nn.init.orthogonal_(self.h2h.weight)

    def forward(self, x, h):
        return torch.tanh(self.i2h(x) + self.h2h(h))


class Echo(nn.Module):
    def __init__(self, inputs=1, hidden=16, outputs=2):
        super().__init__()
        self.hidden = hidden
        self.cell = Cell(inputs, hidden)
        self.out = nn.Linear(hidden, outputs)

    def forward(self, x, h=None):
        h = x.new_zeros(x.size(1), self.hidden) if h is None else h
        steps = []
        for x_t in x:
            h = self.cell(x_t, h)
            steps.append(self.out(h))
        return torch.stack(steps), h


def generate_data(batch, length, echo_step, generator):
    x = torch.randint(0, 2, (length, batch), generator=generator)
    y = torch.roll(x, echo_step, dims=0)
    y[:echo_step] = 0
    return x.unsqueeze(-1).float(), y


torch.manual_seed(3)
g = torch.Generator()
g.manual_seed(5)
echo_step, length, batch, chunk = 3, 30, 16, 10
model = Echo()
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for epoch in range(24):
    x, y = generate_data(batch, length, echo_step, g)
    h, total, correct = None, 0.0, 0
    for start in range(0, length, chunk):
        h = h.detach() if h is not None else None
        logits, h = model(x[start:start + chunk], h)
        target = y[start:start + chunk]
        loss = F.cross_entropy(logits.reshape(-1, 2), target.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), 0.5)
        optimizer.step()
        total += loss.item()
        correct += (logits.argmax(-1) == target).sum().item()
    if epoch % 4 == 3:
        print(f"epoch {epoch:2d} loss {total / 3:.6f} accuracy {correct / (length * batch):.3f}")

with torch.no_grad():
    x, y = generate_data(1, 12, echo_step, g)
    logits, _ = model(x)
print("heard", x.long().flatten().tolist())
print("said ", logits.argmax(-1).flatten().tolist())
