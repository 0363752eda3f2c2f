"""Pictures of what was recorded: the graph of operations behind a tensor.

    with minigrad.autograd.graph.keep_values():
        loss = ((w * x - y) ** 2).mean()
        loss.backward()
    print(minigrad.autograd.graph.to_mermaid(loss, {"w": w, "x": x}))

Mermaid's text is drawn by many editors and by GitHub; to_dot() gives Graphviz's. Leaves show
shape, value and gradient; results do, too, if they were made under keep_values().
"""

from minigrad.autograd import engine


class _Note:
    """A result's value, and its gradient once a walk has brought it."""

    __slots__ = ("gradient", "value")

    def __init__(self, value):
        self.value = value
        self.gradient = None

    def before(self, op, dy):
        self.gradient = dy.detach()

    def after(self, op, gradients):
        pass


class keep_values:
    """A context in which every recorded result keeps its value and gradient for a picture.

    Nothing is freed as long as the graph lives: for small graphs, to learn from.
    """

    def __init__(self):
        self._before = []

    def __enter__(self):
        self._before.append(engine._watch(lambda op, y: _Note(y.detach())))
        return self

    def __exit__(self, *exception):
        engine._watch(self._before.pop())


def _numbers(tensor, most=4):
    """A tensor's values in few characters."""
    values = tensor.detach().reshape(-1)
    if values.numel() == 0:
        return "empty"
    shown = ", ".join(f"{value:.4g}" for value in values[:most].tolist())
    return shown + (", ..." if values.numel() > most else "")


def _lines(name, value, gradient):
    """The lines in a box: name, shape, value, gradient."""
    lines = [name]
    if value is not None:
        shape = "scalar" if value.ndim == 0 else " x ".join(str(n) for n in value.shape)
        lines += [shape, f"value {_numbers(value)}"]
    if gradient is not None:
        lines.append(f"grad {_numbers(gradient)}")
    return lines


def _collect(tensor, names):
    """(boxes, arrows): boxes are (id, kind, lines), arrows (from id, to id), inputs first."""
    if not tensor.requires_grad:
        raise ValueError("graph: this tensor has no graph; nothing that requires grad went into it")
    named = {}
    for name, named_tensor in (names or {}).items():
        named[id(named_tensor.grad_fn) if named_tensor.grad_fn is not None else id(named_tensor)] = (name, named_tensor)
    boxes, arrows, ids = [], [], {}
    start = tensor.grad_fn if tensor.grad_fn is not None else tensor
    stack = [start]
    while stack:
        node = stack.pop()
        if id(node) in ids:
            continue
        ids[id(node)] = f"n{len(ids)}"
        name, known = named.get(id(node), (None, None))
        if isinstance(node, engine.Op):
            note = getattr(node, "note", None)
            value = getattr(note, "value", known.detach() if known is not None else None)
            gradient = getattr(note, "gradient", None)
            if gradient is None and known is not None and known.retains_grad:
                gradient = known.grad
            if node is start and value is None:
                value = tensor.detach()
            title = node.name().removesuffix("Backward0")
            boxes.append((ids[id(node)], "op", _lines(f"{name} = {title}" if name else title, value, gradient)))
            inputs = [edge for edge, _ in node.next_functions if edge is not None]
        else:
            boxes.append((ids[id(node)], "leaf", _lines(name or "leaf", node, node.grad)))
            inputs = []
        for edge in inputs:
            arrows.append((edge, node))
            stack.append(edge)
    return boxes, [(ids[id(a)], ids[id(b)]) for a, b in arrows]


def to_mermaid(tensor, names=None):
    """The graph behind a tensor as Mermaid's text, inputs on the left.

    names: {name: tensor} for those that are to be called by name.
    """
    boxes, arrows = _collect(tensor, names)
    lines = ["flowchart LR"]
    for box, kind, text in boxes:
        label = "<br/>".join(part.replace('"', "'") for part in text)
        lines.append(f'    {box}(["{label}"])' if kind == "leaf" else f'    {box}["{label}"]')
    return "\n".join(lines + [f"    {a} --> {b}" for a, b in arrows]) + "\n"


def to_dot(tensor, names=None):
    """The graph behind a tensor in Graphviz's language, inputs on the left.

    names: {name: tensor} for those that are to be called by name.
    """
    boxes, arrows = _collect(tensor, names)
    lines = ["digraph {", "    rankdir=LR;", '    node [fontname="monospace"];']
    for box, kind, text in boxes:
        label = "\\n".join(part.replace("\\", "\\\\").replace('"', '\\"') for part in text)
        shape = ', shape=box, style="rounded"' if kind == "leaf" else ", shape=box"
        lines.append(f'    {box} [label="{label}"{shape}];')
    return "\n".join([*lines, *(f"    {a} -> {b};" for a, b in arrows), "}"]) + "\n"
