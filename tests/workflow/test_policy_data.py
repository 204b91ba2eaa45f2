"""The policy files that ship: every limit of the field is there with its figure, its words and where it is written.

The figures are typed here a second time, from the acts and local rules themselves: a slip in one place shows.
"""

from typing import Any

import pytest

from tests.workflow.clock_factories import a_clock
from tests.workflow.factories import at, policy_of, shipped_policy
from tests.workflow.policy_texts import SHIPPED
from workflow.clocks import light
from workflow.model import Kind, Light
from workflow.policy_checks import clock_names
from workflow.policy_files import parse
from workflow.policy_rules import Rule

#: What the field's own two procedures ship with. Another procedure tests its own.
PROFILES = {name: one for name, one in shipped_policy().profiles.items() if one.procedure in ("petition", "mediation")}
OF_OTHERS = {
    rule
    for name, one in shipped_policy().profiles.items()
    if name not in PROFILES
    for rule in (*one.clocks.values(), *one.knows)
}
RULES: dict[str, Rule] = {
    name: versions[-1] for name, versions in shipped_policy().rules.items() if name not in OF_OTHERS
}

#: Length, unit, whose time it is, whether it rolls, how sure we are. `wd` are working days, `mo` months.
LIMITS = {
    # 信访
    "PET-01": "15 day duty none S",
    "PET-02": "15 day duty none S",
    "PET-03": "15 day duty none S",
    "PET-04": "5 wd duty none S",  # the one limit in working days
    "PET-05": "60 day duty none S",
    "PET-06": "30 day right rolls S",
    "PET-07": "30 day duty none S",
    "PET-08": "30 day right rolls S",
    "PET-09": "30 day duty none S",
    "PET-10": "3 wd duty none K",
    "PET-11": "10 wd duty none L",
    "PET-12a": "5 day duty none L",  # 5 + 3 + 3 + 4 = 15, which is PET-01
    "PET-12b": "3 day duty none L",
    "PET-12c": "3 day duty none L",
    "PET-12d": "4 day duty none L",
    "PET-ZJa": "5 wd duty none L",
    "PET-ZJb": "30 day duty none L",
    # 人民调解, 司法确认
    "MED-01": "3 wd duty none K",
    "MED-02": "1 mo duty none S",
    "MED-03": "30 day duty none L",
    "MED-04": "30 wd duty none S",  # working days, unlike the other periods
    "MED-05": "30 day duty none S",
    "MED-06a": "15 day duty none S",
    "MED-06b": "7 day duty none S",
    "MED-07": "30 day right rolls S",
    "MED-08": "3 day external rolls S",
    "MED-09": "30 day external rolls S",
    "MED-10": "5 wd duty none K",
    "MED-11": "15 wd duty none K",
    # 劳动争议
    "LAB-01": "3 wd duty none K",
    "LAB-02": "15 day duty none S",
    "LAB-03": "5 day right none K",
    "LAB-04": "15 day right rolls K",
    "LAB-05": "5 wd external rolls K",
    "LAB-06": "45 day external rolls S",
    "LAB-07": "15 day right rolls S",
    "LAB-08": "12 mo right rolls S",
    "LAB-09": "5 wd external none L",
    "LAB-10": "60 wd external none S",
    # 消费, 行政调解, 行政复议
    "CON-01": "7 wd external none S",
    "CON-02": "45 wd external none S",
    "ADM-01": "3 wd duty none L",
    "ADM-02a": "5 wd duty none L",
    "ADM-02b": "10 wd duty none L",
    "ADR-01": "60 day right rolls S",
    # 12345 热线
    "HOT-01": "2 hour duty none L",
    "HOT-02": "24 hour duty none L",
    "HOT-03": "7 day duty none L",
    "HOT-04": "15 day duty none L",
    "HOT-05": "1 wd duty none L",
    "HOT-06": "3 wd duty none L",
    "HOT-07": "5 wd duty none L",
    "HOT-08": "15 wd duty none L",
    # 企业, 园区, 网格, 群工
    "ENT-01a": "1 wd duty none L",
    "ENT-01b": "2 wd duty none L",
    "ENT-01c": "10 wd duty none L",
    "ENT-01d": "25 wd duty none L",
    "ENT-02a": "1 wd duty none L",
    "ENT-02b": "2 wd duty none L",
    "ENT-02c": "5 wd duty none L",
    "GRD-01a": "24 hour duty none K",
    "GRD-01b": "3 day duty none L",
    "GRD-01c": "7 day duty none L",
    "GRD-01d": "15 day duty none L",
    "GRD-02": "7 day duty none L",
    # 危机
    "CRI-01": "30 minute duty none L",
    "CRI-02": "30 minute duty none L",
    "CRI-03": "2 hour duty none L",
    "CRI-04": "24 hour duty none K",
    # an office's own, and a project's
    "OFC-01": "1 wd duty none K",
    "OFC-05a": "1 wd duty none K",
    "OFC-05b": "30 minute duty none K",
    "OFC-06": "15 day duty none K",  # in place of the notice of PET-02 that is not owed
    "OFC-07": "5 wd right none K",
    "OFC-08a": "5 wd duty none K",
    "OFC-08b": "30 minute duty none K",
    "OFC-09": "5 wd duty none K",
    "OFC-02": "1 wd duty none K",
    "OFC-03": "15 wd external none K",
    "OFC-04": "7 day duty none K",
    "EN-01": "2 wd duty none L",
    "EN-02": "10 wd duty none L",
}
SHORT = {"working_day": "wd", "month": "mo", "next_working_day": "rolls"}

# -- rules ------------------------------------------------------------------------------------------------------------


def test_every_limit_of_the_field_is_there_with_its_figure() -> None:
    found = {
        name: " ".join(
            SHORT.get(part, part) for part in (str(r.length), r.unit.value, r.kind.value, r.roll.value, r.confidence)
        )
        for name, r in RULES.items()
    }
    assert found == LIMITS
    assert len(found) == 82


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_row_parses_and_has_a_source(name: str) -> None:
    content = parse(name, SHIPPED[name])
    kinds: tuple[tuple[Any, ...], ...] = (
        content.rule,
        content.ladder,
        content.profile,
        content.calendar,
        content.scheme,
    )
    sources = [row.source for rows in kinds for row in rows]
    assert sources
    assert all(source.strip() for source in sources)


@pytest.mark.parametrize("words", ["zh", "en", "starts_on", "starts_on_en"])
def test_every_rule_has_its_words_in_both_languages(words: str) -> None:
    assert [name for name, rule in RULES.items() if not getattr(rule, words).strip()] == []


@pytest.mark.parametrize(("ours", "others"), [("zh", "en"), ("starts_on", "starts_on_en")])
def test_the_words_of_the_two_languages_are_not_mixed_up(ours: str, others: str) -> None:
    for rule in RULES.values():
        assert any("一" <= letter <= "鿿" for letter in getattr(rule, ours)), rule.id
        assert getattr(rule, others).isascii(), rule.id


def test_every_profile_has_its_words_in_both_languages_and_says_what_matter_it_is() -> None:
    for profile in shipped_policy().profiles.values():
        assert all((profile.zh.strip(), profile.en.strip(), profile.source.strip(), profile.series.strip())), profile.id
    assert {profile.matter for profile in PROFILES.values()} == {
        "mediation", "petition", "hotline", "enterprise", "grid", "crisis", "grievance",
    }  # fmt: skip


def test_only_the_superseded_local_rules_have_an_end() -> None:
    ended = {name: rule.effective_to.isoformat() for name, rule in RULES.items() if rule.effective_to}
    assert ended == {"PET-ZJa": "2022-04-30", "PET-ZJb": "2022-04-30"}  # the national regulation of 1 May 2022
    assert {RULES[name].effective_from.isoformat() for name in ("PET-01", "PET-05")} == {"2022-05-01"}


def test_the_extensions_are_those_of_their_sources() -> None:
    extensions = {
        name: (rule.extension.by, rule.extension.max_length, rule.extension.times)
        for name, rule in RULES.items()
        if rule.extension
    }
    assert extensions == {
        "PET-05": ("supervisor", 90, 1),  # 60 + at most 30 days, once
        "PET-ZJb": ("supervisor", 90, None),  # 30 + at most 60
        "HOT-01": ("supervisor", 24, 1),
        "HOT-07": ("supervisor", 15, 1),
        "ENT-01c": ("supervisor", 25, 1),
        "GRD-01c": ("supervisor", 15, None),
        "LAB-06": ("outside", 60, 1),  # 45 + at most 15, by the commission
        "LAB-10": ("outside", 90, None),  # 60 + 30 working days
        "MED-09": ("outside", None, None),
        # As often as all agree; how far is the office's own default, for a slip of the keyboard: 45 is no month.
        "MED-02": ("parties", 6, None),
        "MED-03": ("parties", 180, None),
        "MED-04": ("parties", 120, None),
        "MED-05": ("parties", 60, None),  # 济源: 30 + at most 30
        "MED-06a": ("parties", 45, None),
        "MED-06b": ("parties", 21, None),
        "LAB-02": ("parties", 45, None),
        "LAB-03": ("parties", 15, None),
        "EN-02": ("parties", 30, None),
    }


def test_every_extension_that_we_decide_about_has_an_end_and_says_where_it_is_from() -> None:
    ours = {name: rule.extension for name, rule in RULES.items() if rule.extension and rule.extension.by != "outside"}
    assert {name for name, extension in ours.items() if extension.max_length is None} == set()
    own = {name for name, extension in ours.items() if extension.source}
    assert own == set(ours) - {"PET-05", "PET-ZJb", "HOT-07", "ENT-01c", "GRD-01c"}  # whose own source says it


def test_the_pauses_are_those_of_their_sources() -> None:
    pauses = {
        name: (rule.pause.grounds, rule.pause.max_days, rule.pause.needs_consent)
        for name, rule in RULES.items()
        if rule.pause
    }
    assert pauses == {
        "HOT-07": (("measurement", "appraisal", "objective_limits"), 60, False),
        "MED-02": (("appraisal", "expert_advice", "party_unable"), 90, True),
        "MED-04": (("appraisal",), 90, False),
        "MED-05": (("suspected_sham",), 90, False),
        "PET-09": (("hearing",), 90, False),
        "MED-01": (("consent_awaited",), 15, False),
        "LAB-01": (("consent_awaited",), 15, False),
        "LAB-06": (("appraisal", "jurisdiction"), 90, False),
        "LAB-08": (("force_majeure",), 90, False),
    }


def test_a_crisis_is_neither_extended_nor_paused() -> None:
    rules = [RULES[f"CRI-0{number}"] for number in (1, 2, 3, 4)]
    assert [(rule.extension, rule.pause) for rule in rules] == [(None, None)] * 4


@pytest.mark.parametrize("name", sorted(name for name, rule in RULES.items() if rule.kind is not Kind.DUTY))
def test_a_persons_window_and_another_bodys_clock_never_light(name: str) -> None:
    clock = a_clock(RULES[name], "2026-03-02T09:00", policy=policy_of("petition"))
    assert {rung.light for rung in clock.rungs} == {None}
    assert light(clock, at=at("2028-01-01T00:00")) is Light.GREEN
    assert {rung.code for rung in clock.rungs} == {"reminder", "lapsed"}


def test_a_rule_with_its_own_ladder_does_not_take_the_profiles() -> None:
    policy = policy_of("petition")
    assert policy.ladder_of(RULES["OFC-01"]).id == "signing"
    assert policy.ladder_of(RULES["PET-05"]).id == "third"


# -- profiles ---------------------------------------------------------------------------------------------------------

#: What a profile's clocks are, without the window for rating and closing (OFC-03), which all have.
MEDIATION = {"confirmation": "MED-07", "follow_up": "MED-10"}
PETITION = {"signing": "OFC-01", "contact": "OFC-02", "screening": "OFC-06"}
#: Those in which others have minutes to answer what is asked of them.
URGENT = {"hotline-beijing-utilities", "hotline-beijing-emergency", "grid-same-day", "crisis"}
CLOCKS = {
    "petition": {**PETITION, "notice": "PET-02", "decision": "PET-05"},
    "petition-referral": {**PETITION, "notice": "PET-02", "decision": "PET-05", "referral": "PET-01"},
    "petition-simple": {**PETITION, "notice": "PET-10", "decision": "PET-11"},
    "petition-zhejiang-2016": {**PETITION, "notice": "PET-ZJa", "decision": "PET-ZJb"},
    "mediation-30d": {**MEDIATION, "intake": "MED-01", "period": "MED-03"},
    "mediation-month": {**MEDIATION, "intake": "MED-01", "period": "MED-02"},
    "labour": {**MEDIATION, "intake": "LAB-01", "period": "LAB-02", "confirmation": "LAB-04"},
    "medical": {**MEDIATION, "intake": "MED-01", "period": "MED-04"},
    "court-assigned": {**MEDIATION, "intake": "MED-01", "period": "MED-05"},
    "court-entrusted": {**MEDIATION, "intake": "MED-01", "period": "MED-06a"},
    "court-entrusted-summary": {**MEDIATION, "intake": "MED-01", "period": "MED-06b"},
    "administrative-shenzhen": {**MEDIATION, "intake": "ADM-02a", "period": "MED-03"},
    # Jinan and Weifang; Shanghai Jing'an 1, 3, 5 working days; Beijing 2 h, 24 h, 7 d, 15 d.
    "hotline": {"contact": "OFC-02", "order": "HOT-07"},
    "hotline-complex": {"contact": "OFC-02", "order": "HOT-08"},
    "hotline-jingan": {"contact": "OFC-02", "order": "HOT-07"},
    "hotline-jingan-inquiry": {"contact": "OFC-02", "order": "HOT-05"},
    "hotline-jingan-supervised": {"contact": "OFC-02", "order": "HOT-06"},
    # Counted from dispatch, so that there is a time limit before it.
    "hotline-beijing": {"contact": "OFC-02", "dispatch": "OFC-05a", "order": "HOT-03"},
    "hotline-beijing-complex": {"contact": "OFC-02", "dispatch": "OFC-05a", "order": "HOT-04"},
    "hotline-beijing-utilities": {"dispatch": "OFC-05b", "order": "HOT-02"},  # a contact within a day comes too late
    "hotline-beijing-emergency": {"dispatch": "OFC-05b", "order": "HOT-01"},
    "enterprise": {"first_response": "ENT-01a", "order": "ENT-01c"},
    "enterprise-complex": {"first_response": "ENT-01a", "order": "ENT-01d"},
    "park": {"order": "ENT-02c"},
    "park-ordinary": {"order": "ENT-02b"},
    "park-simple": {"order": "ENT-02a"},
    "grid": {"signing": "OFC-01", "dispatch": "OFC-05a", "order": "GRD-01c"},
    "grid-same-day": {"dispatch": "OFC-05b", "order": "GRD-01a"},
    "grid-ordinary": {"signing": "OFC-01", "dispatch": "OFC-05a", "order": "GRD-01b"},
    "grid-longest": {"signing": "OFC-01", "dispatch": "OFC-05a", "order": "GRD-01d"},
    "mass-work": {"signing": "OFC-01", "order": "GRD-02"},
    "crisis": {"first_response": "CRI-01", "oral_report": "CRI-02", "written_report": "CRI-03", "order": "OFC-04"},
    "english": {"notice": "EN-01", "order": "EN-02"},
}


def test_every_profile_has_the_clocks_of_its_kind_of_matter() -> None:
    found = {name: dict(profile.clocks) for name, profile in PROFILES.items()}
    assert found == {
        name: {**clocks, "closing": "OFC-03", "task": "OFC-08b" if name in URGENT else "OFC-08a", "revisit": "OFC-09"}
        for name, clocks in CLOCKS.items()
    }


@pytest.mark.parametrize("profile", sorted(CLOCKS))
def test_every_clock_that_a_shipped_profile_names_is_started_by_its_procedure(profile: str) -> None:
    # A misspelt name would never run, and nobody would be told.
    chosen = shipped_policy().profiles[profile]
    assert set(chosen.clocks) <= set(clock_names(chosen.procedure))


@pytest.mark.parametrize("profile", sorted(CLOCKS))
def test_a_matter_of_every_profile_has_a_clock_from_its_first_day(profile: str) -> None:
    assert set(shipped_policy().profiles[profile].clocks) & {"notice", "order", "intake"}


def test_what_no_step_starts_is_known_to_a_profile_or_runs_in_another() -> None:
    profiles = shipped_policy().profiles.values()
    used = {rule for profile in profiles for rule in (*profile.clocks.values(), *profile.knows, profile.returns)}
    assert set(RULES) - used == set()
    # A rule that a profile only knows is not also one that it runs.
    assert [profile.id for profile in profiles if set(profile.knows) & set(profile.clocks.values())] == []


def test_a_profile_leaves_out_a_clock_by_not_naming_it() -> None:
    day = at("2026-03-02T09:00").date()
    assert policy_of("hotline").rule("notice", on=day) is None
    assert policy_of("petition").rule("notice", on=day) == RULES["PET-02"]


# -- ladders, calendars, schemes --------------------------------------------------------------------------------------


def test_the_ladders_that_an_office_may_choose_from() -> None:
    assert set(shipped_policy().ladders) == {"third", "fix3", "one_day", "post", "signing", "window", "crisis"}
    others = {name: profile.ladder for name, profile in shipped_policy().profiles.items() if profile.ladder != "third"}
    assert others == {"crisis": "crisis"}


def test_only_years_with_a_notice_are_published() -> None:
    calendar = shipped_policy().calendar
    assert calendar.published == {2025, 2026}
    assert sorted(calendar.notices) == [2025, 2026, 2027]
    assert all("gov.cn" in calendar.notices[year][0] for year in (2025, 2026))
