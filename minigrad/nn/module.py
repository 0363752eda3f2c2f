"""Module: what layers and networks have in common.

A module keeps three tables by name: its parameters, its buffers (tensors that belong to its
state and are not trained) and its child modules. Setting an attribute files a Parameter or
a Module in the right table, reading one looks there (dispatch.pyx). Everything else (parameters(), to(),
state_dict(), ...) walks the tree of children.
"""

from collections import OrderedDict
from functools import partial

from minigrad.autograd import RemovableHandle, is_grad_enabled
from minigrad.nn.dispatch import Dispatch
from minigrad.nn.hooks import BackwardWatch, Hook
from minigrad.nn.loading import Loading
from minigrad.nn.parameter import Buffer, Parameter
from minigrad.ops.creation import empty, empty_like, zeros_like
from minigrad.tensor import Tensor

_EXTRA = "_extra_state"


class Module(Dispatch):
    """The base of all layers and networks: subclass it, file parts in __init__, write forward.

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.hidden = nn.Linear(2, 16)
                self.out = nn.Linear(16, 1)

            def forward(self, x):
                return self.out(self.hidden(x).tanh())

    Calling the module calls forward, and the hooks around it where there are any.
    training: True until eval(), False until train(); some layers compute differently.
    """

    _version = 1  # of what a subclass puts into its state_dict
    _hooks = ()  # an instance with hooks has a list of its own

    def __init__(self):
        self.__dict__.update(training=True, _parameters={}, _buffers={}, _non_persistent_buffers_set=set(), _modules={})

    def forward(self, *input, **keywords):
        """What the module computes; every subclass writes its own."""
        raise NotImplementedError(
            f"{type(self).__name__} has no forward(); define `def forward(self, x):` in the class"
        )

    # -- attributes

    def __setattr__(self, name, value):
        if isinstance(value, Parameter):
            self._file("_parameters", "parameters", name, value)
        elif isinstance(value, Module):
            self._file("_modules", "modules", name, value)
        elif isinstance(value, Buffer):
            self._file("_buffers", "buffers", name, value)
            if not value.persistent:
                self._non_persistent_buffers_set.add(name)
        elif name in self.__dict__ or self._keep(name, value):
            object.__setattr__(self, name, value)

    def _file(self, table, what, name, value):
        """Puts a parameter, module or buffer into its table, and takes the name out of all others."""
        own = self.__dict__
        if table not in own:
            raise AttributeError(
                f"cannot assign {what} before Module.__init__() call: begin "
                f"{type(self).__name__}.__init__ with super().__init__()"
            )
        if table != "_parameters" and name in own["_parameters"]:
            raise self._misfit(value, "parameter", name, "nn.Parameter")
        if table == "_buffers" and name in own["_modules"]:
            raise self._misfit(value, "child module", name, "nn.Module")
        if hasattr(type(self), name):
            raise KeyError(f"{name!r} is an attribute of the class {type(self).__name__}, which would hide it")
        own.pop(name, None)
        for other in ("_parameters", "_buffers", "_modules"):
            if other != table:
                own[other].pop(name, None)
        own["_non_persistent_buffers_set"].discard(name)
        own[table][name] = value

    def _keep(self, name, value):
        """What becomes of a plain value whose name may be a part's: None empties the place, a
        tensor replaces a buffer, anything else there is an error. True: it is no part's name."""
        own = self.__dict__
        for table, what, wanted in (
            ("_parameters", "parameter", "nn.Parameter"),
            ("_modules", "child module", "nn.Module"),
            ("_buffers", "buffer", "Tensor"),
        ):
            if name in own.get(table, ()):
                if value is not None and not (table == "_buffers" and isinstance(value, Tensor)):
                    raise self._misfit(value, what, name, wanted)
                own[table][name] = value
                return False
        return True

    def _misfit(self, value, what, name, wanted):
        mend = ""
        if what == "parameter" and isinstance(value, Tensor):
            mend = f"; use nn.Parameter(value), or copy into it: with no_grad(): module.{name}.copy_(value)"
        return TypeError(
            f"cannot assign {type(value).__name__} as {what} {name!r} of {type(self).__name__} "
            f"({wanted} or None expected){mend}"
        )

    def __delattr__(self, name):
        for table in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__.get(table, ()):
                del self.__dict__[table][name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self):
        names = [*object.__dir__(self), *self._parameters, *self._buffers, *self._modules]
        return sorted({name for name in names if name.isidentifier()})

    def _check_name(self, who, name, table):
        if table not in self.__dict__:
            raise AttributeError(f"{who}: call super().__init__() first")
        if not isinstance(name, str):
            raise TypeError(f"{who}: expected a string as name, got {type(name).__name__}")
        if not name or "." in name:
            raise KeyError(f"{who}: a name is not empty and holds no '.', got {name!r}")
        if name not in self.__dict__[table] and hasattr(self, name):
            raise KeyError(f"{who}: attribute {name!r} already exists in {type(self).__name__}")

    def register_parameter(self, name, param):
        """Files a Parameter under a name; None keeps the place empty."""
        self._check_name("register_parameter", name, "_parameters")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"register_parameter: expected an nn.Parameter or None as {name!r}, got {type(param).__name__}"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"register_parameter: {name!r} is the result of a recorded operation; a parameter is a leaf "
                "(compute such a value in forward())"
            )
        self._parameters[name] = param

    def register_buffer(self, name, tensor, persistent=True):
        """Files a tensor that is state and not trained; persistent: it goes into state_dict()."""
        self._check_name("register_buffer", name, "_buffers")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"register_buffer: expected a Tensor or None as {name!r}, got {type(tensor).__name__}")
        self._buffers[name] = tensor
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def register_module(self, name, module):
        """add_module()."""
        self.add_module(name, module)

    def add_module(self, name, module):
        """Files a child module under a name; None keeps the place empty."""
        self._check_name("add_module", name, "_modules")
        if module is not None and not isinstance(module, Module):
            got = (
                f"the class {module.__name__}; call it to make one"
                if isinstance(module, type)
                else type(module).__name__
            )
            raise TypeError(f"add_module: expected an nn.Module or None as {name!r}, got {got}")
        self._modules[name] = module

    # -- walking the tree

    def children(self):
        """The child modules, each once."""
        for _, module in self.named_children():
            yield module

    def named_children(self):
        """(name, module) of the child modules, each once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def modules(self, remove_duplicate=True):
        """This module and all below it, each once."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """(name, module) of this module (named prefix) and all below it, parents first."""
        seen = set() if memo is None else memo
        stack = [(prefix, self)]
        while stack:
            name, module = stack.pop()
            if remove_duplicate:
                if module in seen:
                    continue
                seen.add(module)
            yield name, module
            under = name + "." if name else ""
            stack.extend(
                [(under + key, child) for key, child in reversed(module._modules.items()) if child is not None]
            )

    def _named_members(self, table, prefix, recurse, remove_duplicate):
        seen = set()
        for place, module in (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else ((prefix, self),)
        ):
            for name, tensor in module.__dict__[table].items():
                if tensor is None or id(tensor) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(tensor))
                yield f"{place}.{name}" if place else name, tensor

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        """(name, parameter) of this module and, with recurse, of all below it; each once."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse=True):
        """The parameters of this module and, with recurse, of all below it; each once."""
        if type(self).named_parameters is not Module.named_parameters:
            for _, parameter in self.named_parameters(recurse=recurse):
                yield parameter
            return
        # The same without names, in a third of the time: training loops clip by it in every step
        seen, stack = set(), [self]
        while stack:
            module = stack.pop()
            if module in seen:
                continue
            seen.add(module)
            for parameter in module._parameters.values():
                if parameter is not None and id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield parameter
            if recurse and module._modules:
                stack.extend([child for child in reversed(module._modules.values()) if child is not None])

    def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
        """(name, buffer) of this module and, with recurse, of all below it; each once."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse=True):
        """The buffers of this module and, with recurse, of all below it; each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, target):
        """The module at a path such as "encoder.0"; "" is this module itself."""
        module = self
        for name in target.split(".") if target else ():
            child = getattr(module, name, None)
            if child is None:
                raise AttributeError(
                    f"get_submodule({target!r}): {type(module).__name__} has no {name!r}; "
                    f"its children are {', '.join(module._modules) or 'none'}"
                )
            if not isinstance(child, Module):
                raise AttributeError(f"get_submodule({target!r}): {name!r} is a {type(child).__name__}, no Module")
            module = child
        return module

    def set_submodule(self, target, module, strict=False):
        """Puts a module at a path; strict: only where there is one already."""
        place, _, name = target.rpartition(".")
        if not name:
            raise ValueError("set_submodule: the path is empty, and a module cannot replace itself")
        if not isinstance(module, Module):
            raise ValueError(f"set_submodule: expected an nn.Module, got {type(module).__name__}")
        if strict:
            self.get_submodule(target)
        setattr(self.get_submodule(place), name, module)

    def _get_member(self, who, target, table, what):
        place, _, name = target.rpartition(".")
        module = self.get_submodule(place)
        members = module.__dict__[table]
        found = members.get(name)
        if found is None and not (table == "_buffers" and name in members):
            raise AttributeError(
                f"{who}({target!r}): {type(module).__name__} has no {what} {name!r}; "
                f"it has {', '.join(members) or 'none'}"
            )
        return found

    def get_parameter(self, target):
        """The parameter at a path such as "encoder.0.weight"."""
        return self._get_member("get_parameter", target, "_parameters", "parameter")

    def get_buffer(self, target):
        """The buffer at a path such as "encoder.1.running_mean"; None where its place is empty."""
        return self._get_member("get_buffer", target, "_buffers", "buffer")

    def apply(self, fn):
        """Calls fn(module) for all modules, children before parents; gives the module.

        model.apply(lambda m: nn.init.zeros_(m.bias) if isinstance(m, nn.Linear) else None)
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # -- switches

    def train(self, mode=True):
        """Puts the module and all below it into training (or evaluation) mode; gives it."""
        if not isinstance(mode, bool):
            raise ValueError(f"train: expected True or False, got {mode!r}")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        """train(False): evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        """Sets requires_grad of all parameters: False freezes them; gives the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=True):
        """Forgets all parameters' gradients, or (set_to_none=False) fills them with 0."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                parameter.grad = None if set_to_none else zeros_like(parameter)

    # -- dtypes and devices

    def _apply(self, fn, recurse=True):
        """Each parameter, gradient and buffer <- fn(it); parameters stay the same objects."""
        for module in self.modules() if recurse else (self,):
            for parameter in module._parameters.values():
                if parameter is not None:
                    gradient, parameter.grad = parameter.grad, None
                    parameter.data = fn(parameter.data)
                    if gradient is not None:
                        parameter.grad = fn(gradient.detach())
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = fn(buffer)
        return self

    def to(self, *args, **kwargs):
        """Converts floating parameters and buffers: to(dtype), to(device), to(device, dtype),
        to(tensor). Gives the module itself. The only device is "cpu".

        Errors: TypeError for a dtype that is not floating, RuntimeError for another device.
        """
        kwargs.pop("memory_format", None)
        dtype = empty(0, dtype=bool).to(*args, **kwargs).dtype  # bool still: none was asked for
        if dtype is _BOOL:
            return self
        if not dtype.is_floating_point:
            raise TypeError(f"Module.to: parameters are floating, so cannot become {dtype}")
        return self._apply(lambda t: t.to(dtype) if t.is_floating_point() else t)

    def float(self):
        """Converts floating parameters and buffers to float32."""
        return self.to("float32")

    def double(self):
        """Converts floating parameters and buffers to float64."""
        return self.to("float64")

    def half(self):
        """Converts floating parameters and buffers to float16, for storage."""
        return self.to("float16")

    def type(self, dst_type):
        """Converts all parameters and buffers to a dtype."""
        return self._apply(lambda t: t.type(dst_type))

    def bfloat16(self):
        """An error: minigrad has no bfloat16."""
        raise TypeError(f"{type(self).__name__}.bfloat16: there is no bfloat16; use float(), or half() for storage")

    def to_empty(self, *, device, recurse=True):
        """Gives all parameters and buffers fresh memory, whose numbers are still to be set."""
        return self._apply(lambda t: empty_like(t, device=device), recurse)

    def cpu(self):
        """The module itself: everything is on the CPU."""
        return self

    def share_memory(self):
        """The module itself: threads share its memory anyhow, processes do not."""
        return self

    def compile(self, *args, **kwargs):
        """Nothing: the kernels are compiled when minigrad is installed."""

    def cuda(self, device=None):
        """An error: minigrad computes on the CPU."""
        return self.to("cuda" if device is None else f"cuda:{device}" if isinstance(device, int) else device)

    # -- state

    def get_extra_state(self):
        """State beside the tensors, for state_dict(); a subclass with such state defines it."""
        raise RuntimeError(f"{type(self).__name__} defines set_extra_state() without get_extra_state()")

    def set_extra_state(self, state):
        """Takes back what get_extra_state() gave."""
        raise RuntimeError(f"{type(self).__name__} got extra state and does not define set_extra_state()")

    def _state_items(self):
        """(name, tensor) of this module's own persistent state."""
        for name, parameter in self._parameters.items():
            if parameter is not None:
                yield name, parameter
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent_buffers_set:
                yield name, buffer

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        for name, tensor in self._state_items():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if type(self).get_extra_state is not Module.get_extra_state:
            destination[prefix + _EXTRA] = self.get_extra_state()

    def state_dict(self, *args, destination=None, prefix="", keep_vars=False):
        """All parameters and persistent buffers by their paths, as an OrderedDict.

        The tensors share memory with the module's; keep_vars: they are the parameters
        themselves. prefix is put before every name.
        """
        if args:  # PyTorch's older order of arguments
            destination, prefix, keep_vars = (*args, *(destination, prefix, keep_vars)[len(args) :])
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        note = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = note
        for hook in self._hooks_of("state_dict_pre"):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._hooks_of("state_dict"):
            if hook(self, destination, prefix, note) is not None:
                raise RuntimeError("a hook after state_dict() changes the dictionary it is given and returns None")
        for hook in self._hooks_of("_state_dict"):
            changed = hook(self, destination, prefix, note)
            destination = destination if changed is None else changed
        return destination

    def load_state_dict(self, state_dict, strict=True, assign=False):
        """Copies the tensors of a state_dict into this module's, by their paths.

        All is looked at first: after an error nothing has changed.
        Values: Tensors, or anything NumPy can read (arrays, PyTorch's tensors on the CPU).
        strict: a missing or unexpected key is an error; without it, they are only listed in
        what is returned, (missing_keys, unexpected_keys). A wrong shape always is an error.
        assign: put the tensors themselves in place of the module's, with their dtype.
        Errors: RuntimeError that lists missing, unexpected and misshapen keys; TypeError where
        state_dict is no mapping.
        """
        if not hasattr(state_dict, "keys") or not hasattr(state_dict, "__getitem__"):
            raise TypeError(
                f"load_state_dict: expected a mapping of names to tensors, got {type(state_dict).__name__}"
                + ("; give model.state_dict()" if isinstance(state_dict, Module) else "")
            )
        loading = Loading(state_dict, strict, assign)
        state = {key: state_dict[key] for key in state_dict.keys()}  # noqa: SIM118 (a mapping by duck)
        loading.look_at(self, state, "")
        return loading.finish(type(self).__name__)

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        """Plans the loading of this module's own tensors (see loading.py); a subclass that saved
        itself otherwise in the past changes state_dict, a copy, and then calls this one."""
        local_metadata.loading.plan(self, state_dict, prefix, missing_keys, unexpected_keys, error_msgs)
        key = prefix + _EXTRA
        if type(self).set_extra_state is Module.set_extra_state:
            if key in state_dict:
                unexpected_keys.append(key)
        elif key in state_dict:
            local_metadata.loading.steps.append((self.set_extra_state, (state_dict[key],)))
        else:
            missing_keys.append(key)

    # -- hooks

    def _add_hook(self, kind, function, prepend=False, with_kwargs=False, always_call=False):
        if not callable(function):
            raise TypeError(f"a hook is a function, got {type(function).__name__}")
        hook = Hook(kind, function, with_kwargs, always_call)
        hooks = self.__dict__.setdefault("_hooks", [])
        hooks.insert(0 if prepend else len(hooks), hook)
        return RemovableHandle(hooks, hook)

    def _hooks_of(self, kind):
        return [hook.function for hook in self._hooks if hook.kind == kind]

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
        """Calls hook(module, args) before forward; what it gives, unless None, replaces args.

        with_kwargs: hook(module, args, kwargs), which gives None or (args, kwargs).
        Gives a handle with remove().
        """
        return self._add_hook("forward_pre", hook, prepend, with_kwargs)

    def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
        """Calls hook(module, args, output) after forward; what it gives, unless None, replaces
        the output.

        with_kwargs: hook(module, args, kwargs, output). always_call: also where forward raises
        (output is None then). Gives a handle with remove().
        """
        return self._add_hook("forward", hook, prepend, with_kwargs, always_call)

    def register_full_backward_pre_hook(self, hook, prepend=False):
        """Calls hook(module, grad_output) before backward goes through the module; what it
        gives, unless None, replaces grad_output. Gives a handle with remove()."""
        return self._add_hook("backward_pre", hook, prepend)

    def register_full_backward_hook(self, hook, prepend=False):
        """Calls hook(module, grad_input, grad_output) when the gradients of the module's inputs
        are complete; what it gives, unless None, replaces grad_input.

        Both are tuples with a gradient for each positional argument and each output, None where
        it is no tensor or none came back. Gives a handle with remove().
        """
        return self._add_hook("backward", hook, prepend)

    register_backward_hook = register_full_backward_hook

    def register_state_dict_pre_hook(self, hook):
        """Calls hook(module, prefix, keep_vars) before state_dict() looks at the module."""
        return self._add_hook("state_dict_pre", hook)

    def register_state_dict_post_hook(self, hook):
        """Calls hook(module, state_dict, prefix, local_metadata) after state_dict() did."""
        return self._add_hook("state_dict", hook)

    def _register_state_dict_hook(self, hook):
        """As the one above, and what the hook returns, unless None, replaces the dictionary."""
        return self._add_hook("_state_dict", hook)

    def register_load_state_dict_pre_hook(self, hook):
        """Calls hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs) before load_state_dict() looks at the module; state_dict
        holds what begins with prefix, and a change the hook makes to it counts."""
        return self._add_hook("load_state_dict_pre", hook)

    def _register_load_state_dict_pre_hook(self, hook, with_module=False):
        """As the one above, without the module unless with_module."""
        return self._add_hook("load_state_dict_pre", hook if with_module else partial(_without_module, hook))

    def register_load_state_dict_post_hook(self, hook):
        """Calls hook(module, incompatible_keys) after load_state_dict(); it may take keys out of
        the two lists incompatible_keys holds, and strict does not complain about these then."""
        return self._add_hook("load_state_dict_post", hook)

    def _call_in_full(self, args, kwargs):
        called = set()
        try:
            for hook in [h for h in self._hooks if h.kind == "forward_pre"]:
                args, kwargs = hook.before(self, args, kwargs)
            watch = None
            if is_grad_enabled() and (self._hooks_of("backward") or self._hooks_of("backward_pre")):
                watch = BackwardWatch(self)
                args = watch.watch_inputs(args)
            output = self.forward(*args, **kwargs)
            for hook in [h for h in self._hooks if h.kind == "forward"]:
                called.add(hook)
                replaced = hook.after(self, args, kwargs, output)
                if replaced is not None:
                    output = replaced
            return output if watch is None else watch.watch_outputs(output)
        except Exception:
            for hook in [h for h in self._hooks if h.kind == "forward" and h.always_call and h not in called]:
                try:
                    hook.after(self, args, kwargs, None)
                except Exception as error:  # the first error is the one to tell
                    import warnings

                    warnings.warn(f"a forward hook with always_call=True raised {error!r}", stacklevel=2)
            raise

    # -- copying

    def __setstate__(self, state):
        """For copy and pickle; a subclass with what cannot be copied overrides it and __getstate__."""
        self.__dict__.update(state)

    # -- printing

    def _get_name(self):
        return type(self).__name__

    def extra_repr(self):
        """What repr() shows between the brackets; a subclass says its settings here."""
        return ""

    def _child_lines(self):
        """A line (or several) for each child, for repr()."""
        return [f"({name}): {module!r}" for name, module in self._modules.items()]

    def __repr__(self):
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = self._child_lines()
        if not children and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        inside = "\n".join(lines + children).replace("\n", "\n  ")
        return f"{self._get_name()}(\n  {inside}\n)"


_BOOL = empty(0, dtype=bool).dtype


def _without_module(hook, module, *rest):
    return hook(*rest)
