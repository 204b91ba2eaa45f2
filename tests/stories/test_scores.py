"""The three worked cases under all four schemes, each as a sheet of its own, as far as `replay` shows it.

All three were accepted or contacted in time, ended in time and rated well. RATES-B: 20 + 40 + 40. DACHUAN has data for
5 + 10 + 10 + 5 of its 90; spread over them they count three times: 15 + 30 + 30 + 15. JINHUA has data for 50 + 20 of its 80:
50 x 80/70 = 57.142... -> 57.14 and 20 x 80/70 = 22.857... -> 22.86, together 80.00.
"""

import pytest

from stories.replay import replay
from stories.story import read_story
from tests.stories.test_stories import path_of

RATES = {"RATES-B": 100.0, "DACHUAN": 90.0, "JINHUA": 80.0}
#: LIGHTS-A under `third`, `fix3` and `post`.
WORKED = {
    # The only yellow, of 6 October, is waived by the extension of the 8th; under `fix3` it would have lit on the 13th, under
    # `post` on the 16th.
    "case-1-taxi-fees": (100.0, 100.0, 100.0),
    # Done on 11 October 2025; the first light would have been on the 13th, the 14th, the 17th.
    "case-4-campus-job-fair": (100.0, 100.0, 100.0),
    # Answered on 22 May at 11:00: yellow since the 20th, under `fix3` since that day at 00:00, under `post` not before the
    # 27th. 100 - 0.5.
    "case-5-factory-noise": (99.5, 99.5, 100.0),
}


@pytest.mark.parametrize("case", WORKED)
@pytest.mark.parametrize(("column", "ladder"), [(0, "third"), (1, "fix3"), (2, "post")])
def test_a_worked_case_comes_to_its_points_under_every_scheme(case: str, column: int, ladder: str) -> None:
    found = replay(read_story(path_of(case)), ladder=ladder)
    assert found["scores"] == {"LIGHTS-A": WORKED[case][column], **RATES}
    assert found["points"] == {"LIGHTS-A": WORKED[case][column] - 100}


def test_a_case_of_which_nothing_lights_costs_nothing_though_nobody_swept() -> None:
    story = read_story(path_of("case-5-factory-noise"))
    assert replay(story, sweeping=False)["scores"] == replay(story)["scores"]
