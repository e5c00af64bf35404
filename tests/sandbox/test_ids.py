"""The ids of the sandbox's things."""

from pbf.sandbox.core.ids import IdMaker


def test_an_id_is_not_made_again_after_its_thing_is_deleted():
    ids = IdMaker(1)

    made = [ids.make(taken=()) for _ in range(3000)]

    assert len(set(made)) == 3000
