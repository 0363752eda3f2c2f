"""A first net, line by line: what each object is before and after it is used."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(42)
torch.set_printoptions(precision=3, sci_mode=False)

# A tensor is an array of numbers.
data = [[1, 2], [3, 4]]
t = torch.tensor(data)
print(t, t.dtype, t.shape, t.ndim, t.numel())
print(torch.zeros(2, 3), torch.ones_like(t), torch.arange(0, 10, 3), torch.linspace(0, 1, 5))
print(t.float().mean(dim=0, keepdim=True), t.float().std(), t.T, t.view(-1), t[:, 1], t > 2)

# One that requires grad remembers what was done with it.
x = torch.tensor([1.5, -2.0, 0.5], requires_grad=True)
y = (x**2).sum() + 3 * x[0]
print(x.grad, y, y.grad_fn is not None, x.is_leaf, y.is_leaf)
y.backward()
print(x.grad)
print(torch.sigmoid(x), torch.exp(x), x.detach().abs(), F.softmax(x, dim=0), x.clamp(min=0))

# It costs nothing more where nobody wants a gradient.
with torch.no_grad():
    z = x * 2
print(z.requires_grad, z)
try:
    x.numpy()
except RuntimeError:
    print("a tensor that requires grad goes to NumPy by detach() only")
print(x.detach().numpy().shape, type(x.detach().numpy()).__name__)

# A layer holds its parameters.
layer = nn.Linear(in_features=3, out_features=2)
print(layer, layer.weight.shape, layer.bias.shape)
print(layer.weight)
print(layer(x.detach().unsqueeze(0)))

# By hand that is x W^T + b.
print(torch.allclose(layer(x), x @ layer.weight.t() + layer.bias))


# A net puts layers one after the other.
class Net(nn.Module):
    def __init__(self, hidden=8):
        super(Net, self).__init__()
        self.fc1 = nn.Linear(3, hidden)
        self.fc2 = nn.Linear(hidden, 1)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        return self.fc2(x)


net = Net()
print(net)
for name, param in net.named_parameters():
    print(name, param.size(), param.requires_grad)
print("parameters:", sum(p.numel() for p in net.parameters() if p.requires_grad))

# The task: y = sin(a) + b c.
X = torch.rand(200, 3) * 2 - 1
Y = torch.sin(X[:, 0:1]) + X[:, 1:2] * X[:, 2:3]
print(X[:3], Y[:3].squeeze())

# One step by hand ...
loss = ((net(X) - Y) ** 2).mean()
net.zero_grad()
loss.backward()
print("loss", loss.item(), "gradient", net.fc2.bias.grad)
lr = 0.1
with torch.no_grad():
    for p in net.parameters():
        p -= lr * p.grad
    before = net.fc2.bias.clone()
for p in net.parameters():
    p.grad.zero_()
print("loss", ((net(X) - Y) ** 2).mean().item())

# ... and many by an optimizer.
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
for step in range(151):
    optimizer.zero_grad()
    loss = criterion(net(X), Y)
    loss.backward()
    optimizer.step()
    if step % 25 == 0:
        print(f"step {step:3d} loss {loss.item():.6f} |bias change| {(net.fc2.bias - before).abs().item():.5f}")

# What has it learned?
net.eval()
with torch.inference_mode():
    print(net(torch.tensor([[0.5, 0.5, 0.5], [0.0, 1.0, -1.0]])))
state = net.state_dict()
print(list(state.keys()), state["fc2.weight"].shape)
