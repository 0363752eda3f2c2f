"""As much of torchvision as the scripts use, for the side of PyTorch; minigrad has its own."""
