"""A study: few noisy points, many parameters; what weight decay and dropout do to the gap."""

import copy
import random

import numpy as np
import torch
import torch.nn as nn


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)


def relu_net(inputs, hidden, dropout):
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(p=dropout),
        nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(p=dropout), nn.Linear(hidden, 1),
    )  # fmt: skip


def init_weights(m):
    if type(m) is nn.Linear:
        nn.init.normal_(m.weight, mean=0.0, std=0.1)
        nn.init.constant_(m.bias, 0)


set_seed(0)
n_train, n_valid, inputs = 40, 60, 20
true_w, true_b = torch.ones((inputs, 1)) * 0.1, 0.05
features = torch.normal(0, 1, (n_train + n_valid, inputs))
targets = torch.matmul(features, true_w) + true_b
targets += torch.normal(0, 0.1, targets.shape)
x, y = features[:n_train], targets[:n_train]
xv, yv = features[n_train:], targets[n_train:]
loss_fn = nn.MSELoss(reduction="none")

results = {}
for name, decay, dropout in (("plain", 0.0, 0.0), ("decay", 0.1, 0.0), ("dropout", 0.0, 0.3), ("both", 0.05, 0.2)):
    set_seed(1)
    net = relu_net(inputs, 48, dropout)
    net.apply(init_weights)
    decayed = [p for n, p in net.named_parameters() if n.endswith("weight")]
    others = [p for n, p in net.named_parameters() if n.endswith("bias")]
    trainer = torch.optim.SGD([{"params": decayed, "weight_decay": decay}, {"params": others}], lr=0.05, momentum=0.5)
    best, best_state = float("inf"), None
    for epoch in range(40):
        net.train()
        order = torch.randperm(n_train)
        for chunk in order.split(10):
            trainer.zero_grad()
            l = loss_fn(net(x[chunk]), y[chunk])
            l.mean().backward()
            trainer.step()
        net.eval()
        with torch.no_grad():
            train_loss, valid_loss = loss_fn(net(x), y).mean().item(), loss_fn(net(xv), yv).mean().item()
        if valid_loss < best:
            best, best_state = valid_loss, copy.deepcopy(net.state_dict())
        if epoch % 20 == 19:
            norm = torch.sqrt(sum((p.detach() ** 2).sum() for p in decayed))
            print(f"{name:8s} epoch {epoch + 1:3d} train {train_loss:.6f} valid {valid_loss:.6f} |w| {norm.item():.4f}")
    net.load_state_dict(best_state)
    with torch.no_grad():
        assert abs(loss_fn(net(xv), yv).mean().item() - best) < 1e-6
    results[name] = best

print({name: round(value, 5) for name, value in results.items()})
print("best:", min(results, key=results.get))
