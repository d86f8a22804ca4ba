"""Work goes where it can be done, elsewhere after a fault of the lab's, and nowhere twice after a verdict."""

from __future__ import annotations

import random

from tinygate.lab.schedule import ATTEMPTS, Schedule, Work

ONE, OTHER, THIRD = Work("a", "x"), Work("b", "x"), Work("a", "y")


def test_a_place_keeps_to_its_model_while_it_can() -> None:
    schedule = Schedule([ONE, OTHER, THIRD])
    assert schedule.next("p") == ONE
    assert schedule.ended("p", is_the_labs=False)
    assert schedule.next("p") == THIRD


def test_what_the_lab_spoiled_goes_elsewhere() -> None:
    schedule = Schedule([ONE])
    schedule.next("p")
    assert not schedule.ended("p", is_the_labs=True)
    assert schedule.next("p", others={"p", "q"}) is None
    assert schedule.next("q", others={"p", "q"}) == ONE
    assert schedule.ended("q", is_the_labs=False)
    assert schedule.done


def test_the_only_place_tries_again_and_not_for_ever() -> None:
    schedule, tries = Schedule([ONE]), 0
    while not schedule.done:
        assert schedule.next("p", others={"p"}) == ONE
        tries += 1
        schedule.ended("p", is_the_labs=True)
    assert tries == ATTEMPTS


def test_everything_is_settled_once_whatever_fails() -> None:
    """Seeded: places fail at random, and no work is lost or done again after it was settled."""
    for seed in range(200):
        rng, settled = random.Random(seed), []
        schedule = Schedule([Work(f"m{n % 5}", f"v{n}") for n in range(20)])
        places = {f"p{n}" for n in range(rng.randint(1, 6))}
        while not schedule.done:
            place = rng.choice(sorted(places))
            if place in schedule.running:
                work = schedule.running[place]
                if schedule.ended(place, is_the_labs=rng.random() < 0.4):
                    settled.append(work)
            else:
                schedule.next(place, others=places)
        assert sorted(work.id for work in settled) == sorted(work.id for work in schedule.work)
        assert all(len(tried) <= ATTEMPTS for tried in schedule.tried.values())
