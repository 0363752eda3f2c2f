"""Learning rates that change: by plan, by what the loss does, and both by hand."""

import torch
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset

torch.manual_seed(11)
X = torch.randn(256, 6)
W = torch.randn(6, 3)
Y = (X @ W + 0.5 * torch.randn(256, 3)).argmax(1)
data = TensorDataset(X, Y)
train = DataLoader(data, batch_size=32, sampler=SubsetRandomSampler(range(192)))
valid = DataLoader(data, batch_size=64, sampler=SubsetRandomSampler(range(192, 256)))

plans = {
    "step": lambda o: lr_scheduler.StepLR(o, step_size=3, gamma=0.3),
    "exponential": lambda o: lr_scheduler.ExponentialLR(o, 0.8),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=8, eta_min=1e-4),
    "lambda": lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 1 / (1 + epoch)),
    "warm": lambda o: lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=4),
    "plateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, mode="min", factor=0.5, patience=0),
}
optimizers = {
    "step": torch.optim.SGD, "exponential": torch.optim.RMSprop, "cosine": torch.optim.NAdam,
    "lambda": torch.optim.Adagrad, "warm": torch.optim.Adamax, "plateau": torch.optim.Adadelta,
}  # fmt: skip
for name, plan in plans.items():
    torch.manual_seed(2)
    model = nn.Sequential(nn.Linear(6, 16), nn.SELU(), nn.Linear(16, 3))
    optimizer = optimizers[name](model.parameters(), lr=1.0 if name == "plateau" else 0.05)
    scheduler = plan(optimizer)
    for epoch in range(8):
        model.train()
        for x, y in train:
            loss = nn.functional.cross_entropy(model(x), y, label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            losses = [nn.functional.cross_entropy(model(x), y) for x, y in valid]
            loss = torch.stack(losses).mean()
        if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
            scheduler.step(loss)
        else:
            scheduler.step()
        if epoch % 2:
            lr = optimizer.param_groups[0]["lr"]
            print(f"{name:12s} epoch {epoch} loss {loss.item():.5f} lr {lr:.6f} {scheduler.get_last_lr()[0]:.6f}")
