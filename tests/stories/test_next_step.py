"""What stands on top of a case's page is what people then do, and what lists call the next step."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cases.facts import load_facts
from cases.situations import situation_for
from infra.db import reading
from stories import replay as replaying
from stories.story import Teller, read_story
from web.presenters.situations import forms_of
from workflow.deciding import available_steps, likeliest_of, usual_next

HERE = Path(__file__).parent
#: What stands on top because somebody waits for it, which a list does not look for.
WAITED_FOR = {
    "GrantExtension", "KeepMediator", "AnswerTask", "DecideWaiver", "RecordConsent", "ConfirmWithdrawal", "Terminate", "Refuse",
}  # fmt: skip
#: What people do besides, when they choose to.
NOT_WAITED_FOR = {
    "RequestExtension", "Rate", "Disclose", "ExtendByConsent", "ApplyForConfirmation", "RecordPerformance", "ReplaceMediator",
    "Suspend", "Resume"
}  # fmt: skip
ANOTHER_SESSION = ("HoldSession", "Settle")
#: Stories in which the usual is done; in the others somebody is late, refuses, goes astray or comes back.
USUAL = ("case-1-taxi-fees", "case-4-campus-job-fair", "case-5-factory-noise", "petition-extended-by-30-days")


@dataclass
class Looks:
    """Before each step that moves a matter: what was done, what stood on top, what a list said."""

    seen: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def looking(self) -> type[Teller]:
        looks = self

        class Looking(Teller):
            def tell(self, index: int, **more: Any) -> None:
                step = self._story.steps[index]
                with reading(self._engine) as connection:
                    loaded = None
                    if self.case_id is not None:
                        actor = self._actor(connection, step)
                        loaded = load_facts(connection, self.case_id, actor=actor)
                    if loaded:
                        facts = loaded[0]
                        found = situation_for(
                            connection, facts, of=forms_of(facts, actor), actor=actor, now=self.moment(step),
                            office=self._office,
                        )  # fmt: skip
                        here = available_steps(found)
                        if any(one.command.__name__ == step.do and not one.minor for one, _ in here):
                            top = likeliest_of(found, here)
                            said = usual_next(facts.procedure, facts.state, facts.clocks_running)
                            looks.seen.append((step.do, top.command.__name__ if top else None, said))
                super().tell(index, **more)

        return Looking


def walked(story: str, monkeypatch: pytest.MonkeyPatch) -> Looks:
    looks = Looks()
    monkeypatch.setattr(replaying, "Teller", looks.looking())
    replaying.replay(read_story(HERE / f"{story}.json"), sweeping=True)
    return looks


STORIES = sorted(path.stem for path in HERE.glob("*.json"))


@pytest.mark.parametrize("story", STORIES)
def test_what_stands_on_top_is_what_lists_call_the_next_step(story: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for done, top, listed in walked(story, monkeypatch).seen:
        assert top in (None, listed) or top in WAITED_FOR, (done, top, listed)


@pytest.mark.parametrize("story", USUAL)
def test_in_a_usual_matter_people_do_what_stands_on_top(story: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = walked(story, monkeypatch).seen
    assert len(looks) > 5
    assert [
        (done, top) for done, top, _ in looks if done not in {top, *NOT_WAITED_FOR} and (done, top) != ANOTHER_SESSION
    ] == []
