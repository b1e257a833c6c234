import pytest

from modelling.errors import TrackingError
from modelling.registry import aliased, next_version, register, set_alias


def test_an_alias_moves_from_version_to_version(small_store, small_run):
    assert aliased(small_store, "moving", "champion") is None
    assert next_version(small_store, "moving") == 1

    first = register(small_store, "moving", small_run, version=1, bundle_sha256="aa")
    assert aliased(small_store, "moving", "champion") is None
    set_alias(small_store, first, "champion")
    assert aliased(small_store, "moving", "champion") == first

    second = register(small_store, "moving", small_run, version=next_version(small_store, "moving"), bundle_sha256="bb")
    set_alias(small_store, second, "champion")
    set_alias(small_store, first, "challenger")
    assert aliased(small_store, "moving", "champion") == second
    assert aliased(small_store, "moving", "challenger") == first
    assert (second.version, second.bundle_sha256, second.run_id) == (2, "bb", small_run)


def test_a_version_taken_meanwhile_is_refused(small_store, small_run):
    register(small_store, "raced", small_run, version=1, bundle_sha256="aa")

    with pytest.raises(TrackingError, match="'raced' got version 2, but its bundle says 1"):
        register(small_store, "raced", small_run, version=1, bundle_sha256="bb")


def test_an_unknown_run_cannot_be_registered(small_store, small_run):
    with pytest.raises(TrackingError, match="of run 'nosuchrun' cannot be registered"):
        register(small_store, "moving", "nosuchrun", version=1, bundle_sha256="aa")
