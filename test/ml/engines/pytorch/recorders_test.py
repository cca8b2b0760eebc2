"""What is recorded is tried before it is trusted: `python recorders_test.py FOLDER`, the folder of the program."""

import sys
import unittest

sys.path.insert(0, sys.argv.pop(1))

import torch  # noqa: E402

from recorders import Trace, trusted  # noqa: E402


class Recorder:
    """One that records whatever it is told to."""

    name, always = "told", True

    def __init__(self, replay):
        self.record = lambda make: replay(make)


def fails(_make):
    raise RuntimeError("cannot be captured\nbecause")


class Trusted(unittest.TestCase):
    def setUp(self):
        torch.set_grad_enabled(False)
        self.weights, self.rate = torch.arange(4.0), torch.tensor(0.5)
        self.memory = [self.weights]

    def make(self):
        self.weights.mul_(2).add_(self.rate.square())

    def tried(self, recorder):
        replay, note = trusted(recorder, self.make, self.memory, lambda: None)
        self.assertEqual(self.weights.tolist(), [0, 1, 2, 3])
        return replay, note

    def test_a_trace_makes_it_anew_with_what_has_changed(self):
        replay, note = self.tried(Trace(always=True))
        self.assertRegex(note, "trace: .* ms, the same bits")
        self.rate.fill_(1)
        replay()
        self.assertEqual(self.weights.tolist(), [1, 3, 5, 7])

    def test_one_that_computes_something_else_is_not_taken(self):
        replay, note = self.tried(Recorder(lambda make: lambda: self.weights.mul_(2)))
        self.assertIsNone(replay)
        self.assertRegex(note, "told: off by [0-9.e-]+")

    def test_nor_one_that_makes_nan(self):
        replay, note = self.tried(Recorder(lambda make: lambda: self.weights.fill_(float("nan"))))
        self.assertIsNone(replay)
        self.assertEqual(note, "told: off by inf")

    def test_nor_one_that_cannot_be(self):
        replay, note = self.tried(Recorder(fails))
        self.assertIsNone(replay)
        self.assertEqual(note, "told: cannot be captured")

    def test_one_that_is_no_faster_is_not_taken_unless_it_is_told_to(self):
        def slow(make):
            return lambda: [make(), torch.rand(2000, 2000) @ torch.rand(2000, 2000)]

        recorder = Recorder(slow)
        self.assertIsNotNone(self.tried(recorder)[0])
        recorder.always = False
        self.assertIsNone(self.tried(recorder)[0])


if __name__ == "__main__":
    unittest.main()
