# Written by tests/write_stubs.py from the functions themselves: change those, or the types there.
from minigrad.tensor import Tensor

class aminmax(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def min(self) -> Tensor: ...
    @property
    def max(self) -> Tensor: ...

class cummax(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def values(self) -> Tensor: ...
    @property
    def indices(self) -> Tensor: ...

class cummin(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def values(self) -> Tensor: ...
    @property
    def indices(self) -> Tensor: ...

class histogram(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def hist(self) -> Tensor: ...
    @property
    def bin_edges(self) -> Tensor: ...

class kthvalue(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def values(self) -> Tensor: ...
    @property
    def indices(self) -> Tensor: ...

class linalg_eigh(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def eigenvalues(self) -> Tensor: ...
    @property
    def eigenvectors(self) -> Tensor: ...

class linalg_qr(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def Q(self) -> Tensor: ...
    @property
    def R(self) -> Tensor: ...

class linalg_slogdet(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def sign(self) -> Tensor: ...
    @property
    def logabsdet(self) -> Tensor: ...

class linalg_svd(tuple[Tensor, Tensor, Tensor]):
    n_fields: int
    @property
    def U(self) -> Tensor: ...
    @property
    def S(self) -> Tensor: ...
    @property
    def Vh(self) -> Tensor: ...

class max(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def values(self) -> Tensor: ...
    @property
    def indices(self) -> Tensor: ...

class median(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def values(self) -> Tensor: ...
    @property
    def indices(self) -> Tensor: ...

class min(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def values(self) -> Tensor: ...
    @property
    def indices(self) -> Tensor: ...

class mode(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def values(self) -> Tensor: ...
    @property
    def indices(self) -> Tensor: ...

class nanmedian(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def values(self) -> Tensor: ...
    @property
    def indices(self) -> Tensor: ...

class qr(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def Q(self) -> Tensor: ...
    @property
    def R(self) -> Tensor: ...

class slogdet(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def sign(self) -> Tensor: ...
    @property
    def logabsdet(self) -> Tensor: ...

class sort(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def values(self) -> Tensor: ...
    @property
    def indices(self) -> Tensor: ...

class svd(tuple[Tensor, Tensor, Tensor]):
    n_fields: int
    @property
    def U(self) -> Tensor: ...
    @property
    def S(self) -> Tensor: ...
    @property
    def V(self) -> Tensor: ...

class topk(tuple[Tensor, Tensor]):
    n_fields: int
    @property
    def values(self) -> Tensor: ...
    @property
    def indices(self) -> Tensor: ...
