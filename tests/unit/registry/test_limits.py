"""How often a token may ask, and that no write is forgotten by the limits of names."""

import pytest

from jupyter_lifecycle.errors import RateLimitError
from jupyter_lifecycle.registry.readonly import WRITES
from jupyter_lifecycle.registry.server.rates import Buckets
from jupyter_lifecycle.registry.store import Store
from jupyter_lifecycle.registry.store.limited import LimitedStore


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(("rate", "at_once"), [(0.5, 1), (1.0, 1), (3.0, 3), (2.5, 2)])
def test_a_bucket_of_drops(rate, at_once):
    clock = Clock()
    buckets = Buckets(clock)
    for round_ in range(3):
        for _ in range(at_once):
            buckets.take("a", rate)
        with pytest.raises(RateLimitError) as caught:
            buckets.take("a", rate)
        assert 0 < caught.value.detail["seconds"] <= 1 / rate
        clock.now += 1_000_000 * (round_ + 1)
    buckets.take("a", rate)
    buckets.take("b", rate)


def test_the_wait_that_is_told_is_enough():
    clock = Clock()
    buckets = Buckets(clock)
    buckets.take("a", 0.25)
    with pytest.raises(RateLimitError) as caught:
        buckets.take("a", 0.25)
    clock.now += caught.value.detail["seconds"]
    buckets.take("a", 0.25)


def test_every_write_of_a_store_is_limited_or_for_all():
    """Files have no name, and a lease is a deployer's own."""
    writes = {name for name in WRITES if hasattr(Store, name)}
    assert writes - {"send", "lease", "release"} == writes & vars(LimitedStore).keys()
