"""Pictures of graphs."""

import pytest

import minigrad as mg
from minigrad.autograd import graph


def small():
    w = mg.tensor(2.0, requires_grad=True)
    x = mg.tensor([1.0, 3.0], requires_grad=True)
    with graph.keep_values():
        y = (w * x).sum()
        y.backward()
    return w, x, y


def test_mermaid_shows_shapes_values_and_gradients():
    w, x, y = small()
    text = graph.to_mermaid(y, {"w": w, "x": x})
    assert text.splitlines()[0] == "flowchart LR"
    assert '(["w<br/>scalar<br/>value 2<br/>grad 4"])' in text
    assert '(["x<br/>2<br/>value 1, 3<br/>grad 2, 2"])' in text
    assert '["Mul<br/>2<br/>value 2, 6<br/>grad 1, 1"]' in text
    assert '["Sum<br/>scalar<br/>value 8<br/>grad 1"]' in text
    assert text.count("-->") == 3


def test_dot_shows_the_same():
    w, x, y = small()
    text = graph.to_dot(y, {"w": w, "x": x})
    assert text.startswith("digraph {") and text.rstrip().endswith("}")
    assert 'label="w\\nscalar\\nvalue 2\\ngrad 4"' in text
    assert text.count("->") == 3


def test_without_kept_values_the_operations_are_still_there():
    x = mg.ones(2, requires_grad=True)
    assert "Exp" in graph.to_mermaid(x.exp())


def test_a_tensor_without_a_graph_is_refused():
    with pytest.raises(ValueError, match="no graph"):
        graph.to_mermaid(mg.ones(1))
