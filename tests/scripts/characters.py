"""A character model: the next letter from the three before it, with everything under the hood in sight.

An embedding, a hidden layer whose batch normalization is written out, and the statistics one
watches while such a net trains.
"""

import random

import torch
import torch.nn.functional as F

random.seed(42)
syllables = "ka le mi no ru sa te vi an el in or ul ba de fi go".split()
words = sorted({"".join(random.choice(syllables) for _ in range(random.randint(1, 3))) for _ in range(600)})
random.shuffle(words)

chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
vocab_size = len(itos)
print(len(words), words[:5], vocab_size)

block_size = 3


def build_dataset(words):
    X, Y = [], []
    for w in words:
        context = [0] * block_size
        for ch in w + ".":
            ix = stoi[ch]
            X.append(context)
            Y.append(ix)
            context = context[1:] + [ix]
    X = torch.tensor(X)
    Y = torch.tensor(Y)
    print(X.shape, Y.shape, X.dtype)
    return X, Y


n1, n2 = int(0.8 * len(words)), int(0.9 * len(words))
Xtr, Ytr = build_dataset(words[:n1])
Xdev, Ydev = build_dataset(words[n1:n2])
Xte, Yte = build_dataset(words[n2:])

n_embd, n_hidden = 6, 40
g = torch.Generator().manual_seed(2147483647)
C = torch.randn((vocab_size, n_embd), generator=g)
W1 = torch.randn((n_embd * block_size, n_hidden), generator=g) * (5 / 3) / ((n_embd * block_size) ** 0.5)
W2 = torch.randn((n_hidden, vocab_size), generator=g) * 0.01
b2 = torch.randn(vocab_size, generator=g) * 0

bngain = torch.ones((1, n_hidden))
bnbias = torch.zeros((1, n_hidden))
bnmean_running = torch.zeros((1, n_hidden))
bnstd_running = torch.ones((1, n_hidden))

parameters = [C, W1, W2, b2, bngain, bnbias]
print(sum(p.nelement() for p in parameters))
for p in parameters:
    p.requires_grad = True

max_steps, batch_size = 150, 32
lossi, ud = [], []
for i in range(max_steps):
    ix = torch.randint(0, Xtr.shape[0], (batch_size,), generator=g)
    Xb, Yb = Xtr[ix], Ytr[ix]

    emb = C[Xb]
    embcat = emb.view(emb.shape[0], -1)
    hpreact = embcat @ W1
    bnmeani = hpreact.mean(0, keepdim=True)
    bnstdi = hpreact.std(0, keepdim=True)
    hpreact = bngain * (hpreact - bnmeani) / bnstdi + bnbias
    with torch.no_grad():
        bnmean_running = 0.95 * bnmean_running + 0.05 * bnmeani
        bnstd_running = 0.95 * bnstd_running + 0.05 * bnstdi
    h = torch.tanh(hpreact)
    logits = h @ W2 + b2
    loss = F.cross_entropy(logits, Yb)

    if i in (0, max_steps - 1):
        h.retain_grad()
        hpreact.retain_grad()
    for p in parameters:
        p.grad = None
    loss.backward()

    lr = 0.1 if i < 100 else 0.01
    for p in parameters:
        p.data += -lr * p.grad
    with torch.no_grad():
        ud.append([((lr * p.grad).std() / p.data.std()).log10().item() for p in parameters if p.ndim == 2][:3])
    lossi.append(loss.log10().item())
    if i % 25 == 0:
        print(f"{i:7d}/{max_steps:7d}: {loss.item():.4f}")

    if i in (0, max_steps - 1):
        for name, t in (("h", h), ("hpreact", hpreact)):
            saturated = (t.abs() > 0.97).float().mean() * 100
            print(f"{name}: mean {t.mean():+.4f}, std {t.std():.4f}, saturated: {saturated.item():.2f}%")
            print(f"grad {t.grad.std():e}")
            hy, hx = torch.histogram(t.detach(), bins=8, density=True)
            print([f"{x:.3f}" for x in hx[:-1].tolist()], [f"{y:.3f}" for y in hy.tolist()])

print([f"{x:.3f}" for x in torch.tensor(ud).mean(0).tolist()])
print(torch.tensor(lossi).view(-1, 25).mean(1))


@torch.no_grad()
def split_loss(split):
    x, y = {"train": (Xtr, Ytr), "val": (Xdev, Ydev), "test": (Xte, Yte)}[split]
    embcat = C[x].view(x.shape[0], -1)
    hpreact = bngain * (embcat @ W1 - bnmean_running) / bnstd_running + bnbias
    logits = torch.tanh(hpreact) @ W2 + b2
    loss = F.cross_entropy(logits, y)
    logprobs = F.log_softmax(logits, dim=1)
    by_hand = -logprobs[range(len(y)), y].mean()
    print(split, f"{loss.item():.5f} {by_hand.item():.5f}")


split_loss("train")
split_loss("val")

g = torch.Generator().manual_seed(2147483647 + 10)
for _ in range(5):
    out, context = [], [0] * block_size
    while len(out) < 12:
        embcat = C[torch.tensor([context])].view(1, -1)
        hpreact = bngain * (embcat @ W1 - bnmean_running) / bnstd_running + bnbias
        probs = F.softmax(torch.tanh(hpreact) @ W2 + b2, dim=1)
        ix = torch.multinomial(probs, num_samples=1, generator=g).item()
        context = context[1:] + [ix]
        out.append(ix)
        if ix == 0:
            break
    print("".join(itos[i] for i in out))
