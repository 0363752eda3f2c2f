"""An autoencoder on small images: 64 numbers through 8 and back.

    python autoencoder.py FOLDER        with FOLDER/digits.npz
"""

import copy
import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(7)
with np.load(os.path.join(sys.argv[1], "digits.npz")) as file:
    images = torch.from_numpy(file["images"]).float().div_(16)
    labels = torch.LongTensor(file["labels"].tolist())
print(images.shape, images.min(), images.max(), labels[:10])

images = images.reshape(-1, 64)
dataset = TensorDataset(images[:640], labels[:640])
loader = DataLoader(dataset, batch_size=64, shuffle=True, drop_last=True)


class Autoencoder(nn.Module):
    def __init__(self, sizes=(64, 32, 8)):
        super().__init__()
        layers = []
        for a, b in zip(sizes[:-1], sizes[1:]):
            layers += [nn.Linear(a, b), nn.ELU()]
        self.encoder = nn.Sequential(*layers[:-1])
        layers = []
        for a, b in zip(sizes[::-1][:-1], sizes[::-1][1:]):
            layers += [nn.Linear(a, b), nn.GELU()]
        self.decoder = nn.Sequential(*layers[:-1], nn.Sigmoid())

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code), code


model = Autoencoder()
for m in model.modules():
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight, gain=nn.init.calculate_gain("tanh"))
        m.bias.data.fill_(0.01)
start = copy.deepcopy(model)
print(model)

optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(8):
    sums = torch.zeros(2)
    for x, _ in loader:
        noisy = (x + 0.1 * torch.randn_like(x)).clamp_(0.0, 1.0)
        out, code = model(noisy)
        reconstruction = F.binary_cross_entropy(out, x)
        sparsity = code.abs().mean()
        loss = reconstruction + 1e-3 * sparsity
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        sums += torch.stack([reconstruction, sparsity]).detach()
    print(f"epoch {epoch} reconstruction {sums[0] / len(loader):.6f} code {sums[1] / len(loader):.6f}")

model.eval()
with torch.no_grad():
    test = images[640:704]
    out, code = model(test)
    before, _ = start(test)
    print(f"test error {F.mse_loss(out, test):.6f}, at the start {F.mse_loss(before, test):.6f}")
    distances = torch.cdist(code, model.encoder(images[:640]))
    nearest = distances.argmin(dim=1)
    print("same digit as the nearest neighbour:", (labels[nearest] == labels[640:704]).float().mean().item())
    for row in (test[0].view(8, 8) > 0.5).int().tolist():
        print("".join(".#"[v] for v in row))
