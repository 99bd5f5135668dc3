"""One Hypothesis profile for all tests: the same examples on every run, no deadlines, failures that can be replayed."""

from hypothesis import settings

settings.register_profile("refsort", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("refsort")
