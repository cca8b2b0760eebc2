"""Programs bound to memory.

Memory that others name (regions: parameters, optimiser slots, ports of steps) is flat tensors of float32, which stay where they
are. What lies between two operations of a program is not written there: an operation's result is its buffer's value, in
memory of its own, and is let go after its last use. Values are flat; in half precision they are bfloat16 where products
made them.
"""

from math import prod
from types import SimpleNamespace

PRIMITIVES = {}


class Refused(Exception):
    """What was asked for cannot be done: a code and a message, and more that goes with the answer."""

    def __init__(self, code, message, **more):
        super().__init__(message)
        self.error = {"code": code, "message": message, **more}


def primitive(function):
    """Registers what runs an operation: it is given the operation, its numbers, and the controls by name."""
    PRIMITIVES[function.__name__.replace("_", "-")] = function
    return function


class Operation:
    """One primitive with the places of its operands: `get` reads one, `put` gives one its new value."""

    def __init__(self, executable, description):
        name = description["primitive"]
        self.run = PRIMITIVES.get(name)
        if self.run is None:
            raise Refused("missing-primitive", f"the pytorch engine has no primitive {name}")
        self.name = name
        self.executable = executable
        self.numbers = SimpleNamespace(**description["numbers"])
        self.refs = {operand: ref for operand, ref in description["operands"].items() if ref}
        self.writes = frozenset(description["writes"])
        self.fixed = {operand: flat for operand, ref in self.refs.items() if (flat := executable.fixed(ref)) is not None}
        self.views = {}
        self.kept = {}  # what is made once
        self.last = ()  # buffers that nobody uses any more

    def buffers(self):
        return {ref["buffer"] for operand, ref in self.refs.items() if operand not in self.fixed}

    def written(self):
        return {self.refs[operand].get("buffer") for operand in self.writes if operand in self.refs}

    def has(self, operand):
        return operand in self.refs

    def get(self, operand, *shape):
        """An operand's values, flat or in a shape; None where it is left out."""
        ref = self.refs.get(operand)
        if ref is None:
            return None
        if operand in self.fixed:
            view = self.views.get((operand, shape))
            if view is None:
                view = self.views[operand, shape] = shaped(self.fixed[operand], shape)
            return view
        flat = self.executable.values[ref["buffer"]]
        offset = ref.get("offset")
        return shaped(flat[offset:] if offset else flat, shape)

    def once(self, name, make):
        """Something that is the same in every run, such as a tensor of given numbers."""
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]

    def put(self, operand, value, accumulate=0):
        """Gives an operand its value, all of it from its beginning on, in memory that nothing else shares; or adds to it."""
        flat = value.reshape(-1).contiguous()
        ref = self.refs[operand]
        if operand in self.fixed or ref.get("offset"):
            place = self.memory(operand)[: flat.numel()]
            if accumulate:
                place.add_(flat)
            else:
                place.copy_(flat)
            return
        values = self.executable.values
        if accumulate:
            before = values[ref["buffer"]][: flat.numel()]
            flat = flat.add_(before) if flat.dtype == before.dtype else flat + before
        values[ref["buffer"]] = flat

    def put_view(self, operand, value, accumulate=0):
        """`put` of what may be an input as it is."""
        pointer = value.untyped_storage().data_ptr()
        shared = any(
            self.get(name).untyped_storage().data_ptr() == pointer for name in self.refs if name not in self.writes
        )
        self.put(operand, value.clone() if shared else value, accumulate)

    def memory(self, operand):
        """An operand's own memory, to be written to in part."""
        if operand in self.fixed:
            return self.fixed[operand]
        ref, values = self.refs[operand], self.executable.values
        buffer, size = ref["buffer"], self.executable.sizes[ref["buffer"]]
        flat = values.get(buffer)
        if flat is None or flat.numel() < size:
            values[buffer] = self.executable.room(size)
            if flat is not None:
                values[buffer][: flat.numel()].copy_(flat)
        return values[buffer][ref.get("offset") or 0 :]


def shaped(flat, shape):
    if not shape:
        return flat
    count = prod(shape)
    return (flat if flat.numel() == count else flat[:count]).view(shape)


class Executable:
    """A program's operations by section, and the values of its buffers."""

    def __init__(self, program, regions):
        self.offsets, self.sizes, self.ports = program["offsets"], program["sizes"], program["ports"]
        self.memory = {space: regions[address] for space, address in program["memory"].items()}
        self.regions = regions
        self.touched = {}  # regions, by where they lie
        self.pinned = {port["ref"]["buffer"] for port in self.ports.values() if port["ref"]["space"] == "step"}
        self.values = {}
        self.sections = {
            name: [Operation(self, one) for one in operations] for name, operations in program["sections"].items()
        }
        everything = [one for operations in self.sections.values() for one in operations]
        keep_outputs(everything)
        seen = set()
        for operation in reversed(everything):
            last = operation.buffers() - seen
            seen.update(last)
            operation.last = tuple(last)

    def region_of(self, ref):
        region = self.regions[ref["region"]] if ref["space"] == "outside" else self.memory[ref["space"]]
        self.touched[region.data_ptr()] = region
        return region

    def fixed(self, ref):
        """Memory that a reference names, from there on; None for a value, which has no place."""
        if ref["space"] != "step":
            return self.region_of(ref)[ref["offset"] :]
        if ref["buffer"] not in self.pinned:
            return None
        return self.region_of(ref)[self.offsets[ref["buffer"]] + (ref.get("offset") or 0) :]

    def room(self, size):
        return next(iter(self.memory.values())).new_zeros(size)

    def port(self, name):
        port = self.ports[name]
        return self.fixed(port["ref"])[: port["floats"]]

    def run(self, section, controls):
        values = self.values
        for operation in self.sections[section]:
            operation.run(operation, operation.numbers, controls)
            for buffer in operation.last:
                values.pop(buffer, None)


def keep_outputs(operations):
    """Lets the gradients of batch norms read their outputs, as `output`, where these are there still: see norms.py."""
    outputs = {}
    for operation in operations:
        if operation.name == "batch-norm-gradient" and not operation.has("y"):
            output = outputs.get(operation.refs["saved"].get("buffer"))
            if output is not None:
                operation.refs["output"] = output.refs["y"]
                if "y" in output.fixed:
                    operation.fixed["output"] = output.fixed["y"]
        for buffer in operation.written():
            outputs = {saved: one for saved, one in outputs.items() if one.refs["y"].get("buffer") != buffer}
        if operation.name == "batch-norm-output" and operation.refs["y"]["space"] == "step":
            outputs[operation.refs["saved"].get("buffer")] = operation
