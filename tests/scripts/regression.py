"""Regression on a table: a dataset of dicts, a random split, a model that takes the columns by name."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset, random_split

np.random.seed(1)
torch.manual_seed(1)


class Houses(Dataset):
    """Made-up houses: what they have, and what they cost."""

    def __init__(self, n):
        self.area = np.random.uniform(50, 250, n).astype(np.float32)
        self.rooms = np.random.randint(1, 8, n)
        self.town = np.random.randint(0, 4, n)
        noise = np.random.normal(0, 5, n)
        place = np.array([0, 50, -20, 90])[self.town]
        self.price = (2.0 * self.area + 15 * self.rooms + place + noise).astype(np.float32)

    def __len__(self):
        return len(self.price)

    def __getitem__(self, i):
        return {
            "area": torch.tensor([self.area[i] / 100]),
            "rooms": float(self.rooms[i]),
            "town": int(self.town[i]),
            "price": self.price[i] / 100,
        }


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.town = nn.Embedding(4, 3)
        self.net = nn.Sequential(nn.Linear(5, 24), nn.LeakyReLU(0.05), nn.Linear(24, 24), nn.SiLU(), nn.Linear(24, 1))
        self.apply(self.initialize)

    @staticmethod
    def initialize(module):
        if isinstance(module, nn.Linear):
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)

    def forward(self, area, rooms, town):
        x = torch.cat([area, rooms.float().unsqueeze(1) / 8, self.town(town)], dim=-1)
        return self.net(x).squeeze(1)


data = Houses(500)
train, valid = random_split(data, [400, 100])
train_loader = DataLoader(train, batch_size=50, shuffle=True)
valid_loader = DataLoader(valid, batch_size=100)
batch = next(iter(valid_loader))
print({key: (value.shape, value.dtype) for key, value in batch.items()})

model = Model()
loss_fn = nn.SmoothL1Loss(beta=0.5)
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-2)
best, waited = float("inf"), 0
for epoch in range(12):
    model.train()
    total, count = 0.0, 0
    for batch in train_loader:
        price = batch.pop("price").float()
        pred = model(**batch)
        loss = loss_fn(pred, price)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(price)
        count += len(price)
    model.eval()
    with torch.no_grad():
        errors = []
        for *_, batch in [(0, b) for b in valid_loader]:
            price = batch.pop("price")
            errors.append((model(**batch) - price).abs())
        mae = torch.cat(errors).mean().item()
    print(f"epoch {epoch:2d} train {total / count:.5f} valid MAE {mae:.5f}")
    if mae < best - 1e-4:
        best, waited = mae, 0
    else:
        waited += 1
        if waited == 5:
            break

some = DataLoader(Subset(data, range(3)), batch_size=3)
for batch in some:
    price = batch.pop("price")
    print(torch.stack([price.float(), model(**batch).detach()]))
