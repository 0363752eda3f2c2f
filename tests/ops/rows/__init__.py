"""What a row of the operations' table is, and the shapes most rows are tried with."""

from typing import NamedTuple


class Row(NamedTuple):
    name: str
    function: object
    reference: object
    shapes: list
    domain: tuple = (-2.0, 2.0)
    second: bool = True

    def __str__(self):
        return self.name


ONE = [((3, 4),), ((2, 3, 2),), ((),), ((0, 3),), ((1,),)]
TWO = [
    ((3, 4), (3, 4)),
    ((3, 4), (4,)),
    ((3, 1), (1, 4)),
    ((2, 3, 2), (3, 1)),
    ((), (3,)),
    ((3,), ()),
    ((0, 4), (4,)),
    ((1, 3), (0, 1)),
]
MATRICES = [
    ((3, 4), (4, 2)),
    ((2, 3, 4), (4, 2)),
    ((3, 1, 2, 4), (2, 4, 3)),
    ((4,), (4, 2)),
    ((3, 4), (4,)),
    ((4,), (4,)),
    ((3, 0), (0, 2)),
    ((0, 3), (3, 2)),
    ((2, 0, 3), (3, 2)),
]
ROWS = [((3, 4),), ((2, 3, 4),), ((5, 1),), ((0, 3),)]
