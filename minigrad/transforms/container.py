"""Transforms put together."""

from minigrad.transforms.images import probability, with_probability

__all__ = ["Compose", "Lambda", "RandomApply"]


class Compose:
    """One transform after another: ``Compose([f, g])(x) = g(f(x))``.

    Args:
        transforms: a list of callables.
    """

    def __init__(self, transforms):
        self.transforms = checked(transforms, "Compose")

    def __call__(self, image):
        for t in self.transforms:
            image = t(image)
        return image

    def _batch_form(self):
        forms = [batch_form(t) for t in self.transforms]
        if None in forms:
            return None

        def whole(images):
            for form in forms:
                images = form(images)
            return images

        return whole

    def __repr__(self):
        return shown("Compose", self.transforms)


def checked(transforms, who):
    """A list of transforms. Errors: TypeError where it is none."""
    if not isinstance(transforms, (list, tuple)):
        raise TypeError(f"{who}: takes a list of transforms, got a {type(transforms).__name__}; write {who}([...])")
    for k, t in enumerate(transforms):
        if not callable(t):
            raise TypeError(f"{who}: transform {k} is a {type(t).__name__}, which cannot be called")
    return transforms


def shown(who, lines):
    return f"{who}(\n" + "".join(f"    {line}\n" for line in lines) + ")"


def batch_form(transform):
    """The function that does to stacked images what `transform` does to each; None if there is none.

    Only for the classes of this package themselves: a subclass may do something else.
    """
    make = getattr(transform, "_batch_form", None)
    return make() if make is not None and type(transform).__module__.startswith("minigrad.transforms.") else None


class Lambda:
    """A function as a transform: ``Lambda(f)(x) = f(x)``.

    Args:
        lambd: a callable of the image.
    """

    def __init__(self, lambd):
        if not callable(lambd):
            raise TypeError(f"Lambda: takes a function, got a {type(lambd).__name__}")
        self.lambd = lambd

    def __call__(self, image):
        return self.lambd(image)

    def __repr__(self):
        return "Lambda()"


class RandomApply:
    """All of the transforms, one after another, with probability p; else the image as it is.

    Args:
        transforms: a list of callables.
        p: the probability.
    """

    def __init__(self, transforms, p=0.5):
        self.transforms = checked(transforms, "RandomApply")
        self.p = probability(p, "RandomApply")

    def __call__(self, image):
        if with_probability(self.p):
            for t in self.transforms:
                image = t(image)
        return image

    def __repr__(self):
        return shown("RandomApply", [f"p={self.p}", *self.transforms])
