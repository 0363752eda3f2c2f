"""Three arms of a spiral: a classifier with its penalty written out, and what it makes of the plane."""

import math

import torch
import torch.nn as nn
import torch.optim as optim

seed = 12345
torch.manual_seed(seed)
torch.backends.cudnn.benchmark = False

N, D, C, H = 100, 2, 3, 32
X = torch.zeros(N * C, D)
y = torch.zeros(N * C, dtype=torch.long)
for c in range(C):
    t = torch.linspace(0, 1, N)
    inner_var = torch.linspace((2 * math.pi / C) * c, (2 * math.pi / C) * (2 + c), N) + torch.randn(N) * 0.2
    X[c * N:(c + 1) * N] = torch.stack((t * torch.sin(inner_var), t * torch.cos(inner_var)), dim=1)
    y[c * N:(c + 1) * N] = c
print("Shapes:", tuple(X.size()), tuple(y.size()), torch.unique(y, return_counts=True))

learning_rate, lambda_l2 = 1e-2, 1e-5
model = nn.Sequential(nn.Linear(D, H), nn.ReLU(), nn.Linear(H, C))
criterion = torch.nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=learning_rate, weight_decay=lambda_l2)

for step in range(200):
    y_pred = model(X)
    loss = criterion(y_pred, y)
    score, predicted = torch.max(y_pred, 1)
    acc = (y == predicted).sum().float() / len(y)
    if step % 40 == 0:
        print("[EPOCH]: %i, [LOSS]: %.6f, [ACCURACY]: %.3f" % (step, loss.item(), acc))
    model.zero_grad()
    loss.backward()
    optimizer.step()
print(loss.item())

# Penalties added to the loss by hand, gradients clipped, and a mask over two of the classes.
mask = (y == 0) | (y == 2)
X2, y2 = X[mask], (y[mask] / 2).long()
torch.manual_seed(seed)
model = nn.Sequential(nn.Linear(D, H), nn.Tanh(), nn.Linear(H, 2), nn.LogSoftmax(dim=1))
groups = [{"params": model[0].parameters()}, {"params": model[2:].parameters(), "lr": 0.3}]
optimizer = optim.SGD(groups, lr=0.5, momentum=0.9)
for step in range(120):
    log_probs = model(X2)
    nll = nn.functional.nll_loss(log_probs, y2)
    l1 = sum(p.abs().sum() for p in model.parameters())
    l2 = sum(p.pow(2.0).sum() for p in model.parameters())
    loss = nll + 1e-5 * l1 + 1e-4 * l2
    optimizer.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.5)
    optimizer.step()
    if step % 30 == 0:
        print(f"{step:4d} nll {nll.item():.6f} l1 {l1.item():.4f} l2 {l2.item():.4f} norm {norm:.5f}")

side = torch.arange(-1.0, 1.01, 0.5)
grid = torch.cartesian_prod(side, side)
print(model(grid).argmax(dim=1).view(len(side), len(side)))
values, indices = model(grid[:3]).topk(1, dim=1)
print(values.exp(), indices.T)
