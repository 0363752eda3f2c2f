"""What operations of several results give: tuples whose items have names, as PyTorch names them.

    values, indices = x.max(dim=1)
    x.max(dim=1).indices
"""

__all__ = []


def _named(name, *fields):
    """A subclass of tuple that prints its items by name."""

    def make(cls, items):
        items = tuple(items)
        if len(items) != len(fields):
            wanted = f"{len(fields)} items ({', '.join(fields)})"
            raise TypeError(f"return_types.{name}: expected {wanted}, got {len(items)}")
        return tuple.__new__(cls, items)

    def show(self):
        items = ",\n".join(f"{field}={item!r}" for field, item in zip(fields, self, strict=True))
        return f"minigrad.return_types.{name}(\n{items})"

    body = {field: property(lambda self, i=i: self[i], doc=f"item {i}") for i, field in enumerate(fields)}
    body |= {
        "__slots__": (),
        "__new__": make,
        "__repr__": show,
        "__reduce__": lambda self: (type(self), (tuple(self),)),
        "__match_args__": fields,
        "__module__": __name__,
        "__doc__": f"What {name}() gives: ({', '.join(fields)}).",
        "n_fields": len(fields),
    }
    __all__.append(name)
    return type(name, (tuple,), body)


aminmax = _named("aminmax", "min", "max")
cummax = _named("cummax", "values", "indices")
cummin = _named("cummin", "values", "indices")
histogram = _named("histogram", "hist", "bin_edges")
kthvalue = _named("kthvalue", "values", "indices")
linalg_eigh = _named("linalg_eigh", "eigenvalues", "eigenvectors")
linalg_qr = _named("linalg_qr", "Q", "R")
linalg_slogdet = _named("linalg_slogdet", "sign", "logabsdet")
linalg_svd = _named("linalg_svd", "U", "S", "Vh")
max = _named("max", "values", "indices")
median = _named("median", "values", "indices")
min = _named("min", "values", "indices")
mode = _named("mode", "values", "indices")
nanmedian = _named("nanmedian", "values", "indices")
qr = _named("qr", "Q", "R")
slogdet = _named("slogdet", "sign", "logabsdet")
sort = _named("sort", "values", "indices")
svd = _named("svd", "U", "S", "V")
topk = _named("topk", "values", "indices")
