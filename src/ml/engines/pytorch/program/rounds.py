"""Rounds: runs of programs that are asked for together, one after the other.

What changes from one time to the next (controls, ports that the caller fills) is copied into tensors that stay where they are, and
what the caller looks at is copied out of its port after the run that writes it. So a round that is asked for again and
again can be recorded: its kernels are made anew without the Python that asked for them.
"""

from device import DEVICE, SUM_DTYPE, wait
from executable import Refused
from recorders import trusted

import torch

WHOLE, REAL = ("seed", "step"), ("learningRate", "weightDecay", "biasCorrection1", "biasCorrection2Sqrt", "averageStep")
# Times that a round is made before it is worth recording; libraries have set themselves up by then.
WARM = 3


class Run:
    """A section of a program with its place in the round's tensors."""

    def __init__(self, executable, section, controls, given, shown):
        self.executable, self.section, self.controls = executable, section, controls
        self.given, self.shown = given, shown

    def make(self):
        for port, inside in self.given:
            port.copy_(inside)
        self.executable.run(self.section, self.controls)
        for port, inside in self.shown:
            inside.copy_(port)


def placed(executable, names, at):
    """Ports with the places of their values from `at` on, and where those end."""
    ports = []
    for name in names:
        port = executable.port(name)
        ports.append((port, at, at + port.numel()))
        at += port.numel()
    return ports, at


class Round:
    def __init__(self, runs):
        """`runs`: (executable, section, names of ports that are given, names of those that are shown) each."""
        self.executables = {executable for executable, *_ in runs}
        self.whole = torch.zeros(len(runs), len(WHOLE), dtype=torch.int64, device=DEVICE)
        self.real = torch.zeros(len(runs), len(REAL), dtype=SUM_DTYPE, device=DEVICE)
        given, shown, end_given, end_shown = [], [], 0, 0
        for executable, _, gives, shows in runs:
            ports, end_given = placed(executable, gives, end_given)
            given.append(ports)
            ports, end_shown = placed(executable, shows, end_shown)
            shown.append(ports)
        self.inbox, self.outbox = torch.zeros(end_given, device=DEVICE), torch.zeros(end_shown, device=DEVICE)
        self.runs = [
            Run(
                executable,
                section,
                {**dict(zip(WHOLE, self.whole[at])), **dict(zip(REAL, self.real[at]))},
                [(port, self.inbox[start:end]) for port, start, end in given[at]],
                [(port, self.outbox[start:end]) for port, start, end in shown[at]],
            )
            for at, (executable, section, *_) in enumerate(runs)
        ]
        self.at = 0  # the run under way
        self.made = 0
        self.replay = None
        self.note = None  # what became of recording it

    def fill(self, controls, values):
        """Takes what is new this time: controls of each run, and all given ports one behind the other."""
        self.whole.copy_(torch.tensor([[each[name] for name in WHOLE] for each in controls]))
        self.real.copy_(torch.tensor([[each[name] for name in REAL] for each in controls], dtype=SUM_DTYPE))
        if values is not None:
            self.inbox.copy_(values)

    def eager(self):
        for at, run in enumerate(self.runs):
            self.at = at
            run.make()

    def holds_values(self):
        return any(executable.values for executable in self.executables)

    def drop_values(self):
        for executable in self.executables:
            executable.values.clear()

    def memory(self):
        """All that a run may change, and another time reads."""
        regions = {}
        for executable in self.executables:
            regions.update(executable.touched)
        return [*regions.values(), self.outbox]

    def make(self, recorder):
        if self.replay:
            self.drop_values()
            self.replay()
            return
        began_empty = not self.holds_values()
        try:
            self.eager()
        except torch.OutOfMemoryError as error:
            self.drop_values()
            raise Refused("out-of-memory", str(error).split("\n")[0], run=self.at) from error
        except BaseException:
            self.drop_values()
            raise
        # A round that leaves values to others, or takes them, has no memory of its own.
        self.made = self.made + 1 if began_empty and not self.holds_values() else 0
        if recorder and self.note is None and self.made > WARM:
            self.record(recorder)

    def record(self, recorder):
        """Records the round that was just made, if that gives the same and is faster."""
        self.replay, self.note = trusted(recorder, self.eager, self.memory(), wait)
        self.drop_values()
