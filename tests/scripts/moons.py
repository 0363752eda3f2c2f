"""Two moons: a binary classifier on scores, the loop that most courses write."""

import numpy as np
import torch
from torch import nn

RANDOM_SEED = 42
rng = np.random.RandomState(RANDOM_SEED)
angle = np.pi * rng.rand(300)
label = np.arange(300) % 2
X = np.stack([np.cos(angle) * (1 - 2 * label) + label, np.sin(angle) * (1 - 2 * label) + 0.5 * label], axis=1)
X = X + 0.15 * rng.randn(300, 2)

X = torch.from_numpy(X).type(torch.float)
y = torch.from_numpy(label).type(torch.float)
train_split = int(0.8 * len(X))
X_train, y_train, X_test, y_test = X[:train_split], y[:train_split], X[train_split:], y[train_split:]
print(X_train.shape, y_train.shape, X_train[:5], y_train[:5])

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
print(device)


class MoonModel(nn.Module):
    def __init__(self, in_features, out_features, hidden_units):
        super().__init__()
        self.layer1 = nn.Linear(in_features=in_features, out_features=hidden_units)
        self.layer2 = nn.Linear(in_features=hidden_units, out_features=hidden_units)
        self.layer3 = nn.Linear(in_features=hidden_units, out_features=out_features)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.layer3(self.relu(self.layer2(self.relu(self.layer1(x)))))


torch.manual_seed(RANDOM_SEED)
torch.cuda.manual_seed(RANDOM_SEED)
model_0 = MoonModel(2, 1, 10).to(device)
print(model_0, next(model_0.parameters()).device)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(params=model_0.parameters(), lr=0.3)


def accuracy_fn(y_true, y_pred):
    correct = torch.eq(y_true, y_pred).sum().item()
    return (correct / len(y_pred)) * 100


X_train, y_train, X_test, y_test = (t.to(device) for t in (X_train, y_train, X_test, y_test))
print("Logits:", model_0(X_train[:3]).squeeze())
print("Probabilities:", torch.sigmoid(model_0(X_train[:3]).squeeze()))
for epoch in range(201):
    model_0.train()
    y_logits = model_0(X_train).squeeze()
    y_pred = torch.round(torch.sigmoid(y_logits))
    loss = loss_fn(y_logits, y_train)
    acc = accuracy_fn(y_true=y_train, y_pred=y_pred)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

    model_0.eval()
    with torch.inference_mode():
        test_logits = model_0(X_test).squeeze()
        test_loss = loss_fn(test_logits, y_test)
        test_acc = accuracy_fn(y_test, torch.round(torch.sigmoid(test_logits)))
    if epoch % 40 == 0:
        print(f"Epoch: {epoch} | Loss: {loss:.5f} Acc: {acc:.1f} | Test loss: {test_loss:.5f} Test acc: {test_acc:.1f}")

xx, yy = torch.meshgrid(torch.linspace(-1, 2, 4), torch.linspace(-1, 1.5, 3), indexing="xy")
grid = torch.column_stack((xx.ravel(), yy.ravel()))
with torch.inference_mode():
    print((model_0(grid).squeeze() > 0).reshape(xx.shape))
