"""Pictures of batches: the shapes and borders that torchvision makes, and PNG files that can be read."""

import io

import numpy as np
import pytest

import minigrad as mg
from minigrad.as_torch.torchvision import datasets, transforms, utils


@pytest.mark.parametrize(("shape", "want"), [
    ((5, 1, 4, 3), (3, 14, 17)), ((1, 1, 4, 3), (3, 4, 3)), ((4, 3), (3, 4, 3)), ((3, 4, 3), (3, 4, 3)),
    ((1, 4, 3), (3, 4, 3)), ((9, 3, 2, 2), (3, 14, 14)), ((2, 4, 2, 2), (4, 6, 10)),
])  # fmt: skip
def test_images_stand_side_by_side(shape, want):
    assert utils.make_grid(mg.rand(*shape), nrow=3).shape == want


def test_borders_and_places():
    images = mg.arange(24.0).reshape(2, 1, 3, 4)
    grid = utils.make_grid(images, padding=1, pad_value=0.5)
    assert grid.shape == (3, 5, 11)
    assert grid[0, 1].tolist() == [0.5, 0, 1, 2, 3, 0.5, 12, 13, 14, 15, 0.5]
    assert (grid[:, 0] == 0.5).all()
    assert grid[2].tolist() == grid[0].tolist()
    assert utils.make_grid(list(images), padding=1, pad_value=0.5).tolist() == grid.tolist()
    assert utils.make_grid(images.to(mg.uint8)).dtype is mg.uint8


@pytest.mark.parametrize(("options", "row"), [
    ({}, [0, 1 / 23, 2 / 23, 3 / 23, 12 / 23, 13 / 23, 14 / 23, 15 / 23]),
    ({"scale_each": True}, [0, 1 / 11, 2 / 11, 3 / 11] * 2),
    ({"value_range": (5, 10)}, [0, 0, 0, 0, 1, 1, 1, 1]),
])  # fmt: skip
def test_values_are_brought_to_0_and_1(options, row):
    images = mg.arange(24.0).reshape(2, 1, 3, 4)
    grid = utils.make_grid(images, normalize=True, padding=0, **options)
    np.testing.assert_allclose(grid[0, 0].numpy(), row, atol=1e-6)
    assert images[1, 0, 2, 3].item() == 23


def test_what_is_no_image_is_refused():
    with pytest.raises(ValueError, match=r"got \(3,\)"):
        utils.make_grid(mg.rand(3))


def test_a_png_file_holds_the_picture(tmp_path):
    images = mg.arange(24.0).reshape(2, 1, 3, 4) / 24
    want = (utils.make_grid(images).numpy().transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8)
    utils.save_image(images, tmp_path / "grid.png")
    file = io.BytesIO()
    utils.save_image(images, file)
    assert file.getvalue() == (tmp_path / "grid.png").read_bytes()
    pillow = pytest.importorskip("PIL.Image", reason="Pillow reads it back")
    utils.save_image(images, tmp_path / "grid.bmp")     # which Pillow writes as well
    for name in ("grid.png", "grid.bmp"):
        with pillow.open(tmp_path / name) as picture:
            np.testing.assert_array_equal(np.asarray(picture), want)


def test_datasets_and_transforms_are_minigrads():
    assert datasets.FashionMNIST is mg.datasets.FashionMNIST
    assert transforms.ToTensor is mg.transforms.ToTensor
