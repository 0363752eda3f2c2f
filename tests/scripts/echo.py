"""A recurrent net that learns to echo what it heard three steps ago, with nn.RNN, nn.LSTM and nn.GRU."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Echo(nn.Module):
    def __init__(self, kind, hidden=16):
        super().__init__()
        self.rnn = kind(input_size=1, hidden_size=hidden, num_layers=1, batch_first=True)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, x, state=None):
        out, state = self.rnn(x, state)
        return self.linear(out).squeeze(-1), state


def detached(state):
    return tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()


def generate_data(batch, length, echo_step, generator):
    x = torch.randint(0, 2, (batch, length), generator=generator).float()
    y = torch.roll(x, echo_step, dims=1)
    y[:, :echo_step] = 0
    return x.unsqueeze(-1), y


echo_step, length, batch, chunk = 3, 30, 16, 10
for kind in (nn.RNN, nn.LSTM, nn.GRU):
    torch.manual_seed(3)
    g = torch.Generator().manual_seed(5)
    model = Echo(kind)
    print(model, [tuple(p.shape) for p in model.parameters()])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for epoch in range(12):
        x, y = generate_data(batch, length, echo_step, g)
        state, total, correct = None, 0.0, 0
        for start in range(0, length, chunk):
            logits, state = model(x[:, start:start + chunk], state if state is None else detached(state))
            target = y[:, start:start + chunk]
            loss = F.binary_cross_entropy_with_logits(logits, target)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item()
            correct += ((logits > 0) == (target > 0.5)).sum().item()
        if epoch % 3 == 2:
            print(f"epoch {epoch:2d} loss {total / 3:.6f} accuracy {correct / (length * batch):.3f}")
