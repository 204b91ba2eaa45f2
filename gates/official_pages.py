"""The pages `docs/procedures/*/zh.md` and `en.md`: each procedure for an official, in sentences, from the same rows that the engine
runs.

What closes a step, or is wrong with what was typed, is said as the program says it: a guard or check is read for the reasons that
it can give, and these are sentences of the catalogues. So no rule is told twice.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gates.mermaid import mermaid
from infra.i18n import catalogue, translator
from workflow.definition import (
    AcknowledgeAll,
    ClockChange,
    Extend,
    FollowTasks,
    GoOn,
    PauseAll,
    PutBack,
    ResumeAll,
    Start,
    Step,
    Stop,
    StopAll,
    VoidAll,
)
from workflow.model import Relation
from workflow.procedure import Procedure
from workflow.procedures import PROCEDURES

#: Of each language its suffix, and what these pages say themselves; they are documentation and shown by no page of the program.
LANGUAGES = {"zh_CN": "zh", "en": "en"}
SAID = {
    "zh_CN": {
        "lead": "本页由程序的规则表生成，与程序的实际做法一致。每个环节写明谁可以办、什么情况下不能办、停止和开始哪些时限、通知谁。",
        "path": "状态怎么变", "steps": "各个环节", "ends": "到此结束", "who": "谁可以办", "when": "什么时候", "stays": "状态不变",
        "closed": "不能办的情形", "wrong": "填写有误的情形", "clocks": "时限", "tells": "通知", "sometimes": "{}（视所填内容）", "final": "办了不能由本人撤回，只能由另一位负责人撤回。",
        "stop": "停止“{}”", "start": "开始“{}”", "stop_all": "停止全部办理时限", "void_all": "全部时限作废，不计分（逾期退回的除外）",
        "acknowledge": "已经亮的灯记为知悉", "pause": "按规则中止", "resume": "恢复计算", "back": "各项时限恢复到撤回之前",
        "follow": "协办期限随协办事项走", "extend": "延长“{}”", "go_on": "“{}”继续计算", "or": "或者", "colon": "：", "comma": "、", "and": "；",
    },
    "en": {
        "lead": "This page is made from the program's own table of rules and says what it does. Of each step it says who may take it, when it is closed, which time limits stop and start, and who is told.",
        "path": "How the state changes", "steps": "The steps", "ends": "the end", "who": "Who may take it", "when": "When", "stays": "the state stays",
        "closed": "Closed when it says", "wrong": "Sent back when it says", "clocks": "Time limits", "tells": "Told", "sometimes": "{} (by what is said)", "final": "Whoever took it cannot take it back; only a second person who answers for the case can.",
        "stop": "“{}” stops", "start": "“{}” starts", "stop_all": "every duty stops", "void_all": "all of them are void and count for nothing (unless returned too late)",
        "acknowledge": "what is lit is noted as in hand", "pause": "paused as the rule allows", "resume": "they go on", "back": "they are as they were before",
        "follow": "the limits of what others were asked for go where that goes", "extend": "“{}” is extended", "go_on": "“{}” goes on", "or": " or ", "colon": ": ", "comma": ", ", "and": "; ",
    },
}  # fmt: skip
RELATIONS = {
    "zh_CN": {
        Relation.ASSIGNED: "这件事的承办人、调解员或协办人", Relation.TAKES_PART: "参与人", Relation.ASKED: "被请协办的单位或者本人",
        Relation.SAME_UNIT: "承办单位", Relation.ABOVE: "承办单位或其上级单位", Relation.BY_CODE: "凭查询码", Relation.ANYONE: "",
    },
    "en": {
        Relation.ASSIGNED: "who has it in hand", Relation.TAKES_PART: "who takes part in it", Relation.ASKED: "who was asked for something about it",
        Relation.SAME_UNIT: "the unit that holds it", Relation.ABOVE: "the unit that holds it or one above", Relation.BY_CODE: "with the tracking code",
        Relation.ANYONE: "",
    },
}  # fmt: skip
#: Where the sentences of rules may come from.
OWN = "workflow."


def official_page(procedure: str, language: str) -> str:
    """The Markdown page of one procedure in one language."""
    table, say, said = PROCEDURES[procedure], translator(language), SAID[language]
    parts = [
        f"# {say(f'procedure.{procedure}')}",
        "<!-- Written by `python -m gates.diagrams`. Do not edit. -->",
        said["lead"],
        f"## {said['path']}",
        f"```mermaid\n{mermaid(table, say=say)}\n```",
        f"## {said['steps']}",
        *(_section(step, table, language) for step in table.steps),
    ]
    return "\n\n".join(parts) + "\n"


def _section(step: Step, table: Procedure, language: str) -> str:
    say, said = translator(language), SAID[language]
    lines = [f"### {say(f'command.{step.command.__name__}')}"]
    if f"about.{step.command.__name__}" in catalogue(language):
        lines.append(say(f"about.{step.command.__name__}"))
    lines.append("\n".join(f"- {name}{said['colon']}{words}" for name, words in said_of(step, table, language)))
    if step.cannot_be_undone:
        lines.append(f"**{said['final']}**")
    return "\n\n".join(lines)


def said_of(step: Step, table: Procedure, language: str) -> list[tuple[str, str]]:
    """What there is to say of a step, each under what it answers."""
    say, said = translator(language), SAID[language]
    moved = said["comma"].join(say(f"state.{source}") for source in step.sources)
    target = say(f"state.{step.target}") if step.target else said["stays"]
    end = f"（{said['ends']}）" if step.target in table.final else ""
    rows = [
        (said["who"], said["and"].join(dict.fromkeys(_who(step, language)))),
        (said["when"], f"{moved} → {target}{end}"),
        (said["closed"], _sentences(step.guards, language)),
        (said["wrong"], _sentences(step.checks, language)),
        (said["clocks"], said["comma"].join(_moved(change, language) for change in step.clocks)),
        (said["tells"], said["comma"].join(_told(step, language))),
    ]
    return [(name, words) for name, words in rows if words]


def _told(step: Step, language: str) -> Iterator[str]:
    say, sometimes = translator(language), SAID[language]["sometimes"]
    yield from (say(f"audience.{one}") for one in step.tells)
    yield from (sometimes.format(say(f"audience.{one}")) for _, one in step.tells_if)


def _who(step: Step, language: str) -> Iterator[str]:
    say, relations = translator(language), RELATIONS[language]
    brackets = "（{}）" if language == "zh_CN" else " ({})"
    for role, relation in step.allowed:
        yield say(f"role.{role}") + (brackets.format(relations[relation]) if relations[relation] else "")


def _moved(change: ClockChange, language: str) -> str:
    say, said = translator(language), SAID[language]

    def named(names: Iterable[str]) -> str:
        return said["or"].join(say(f"clock.{name}") for name in names)

    plain = {
        StopAll: "stop_all", VoidAll: "void_all", AcknowledgeAll: "acknowledge", PauseAll: "pause", ResumeAll: "resume",
        PutBack: "back", FollowTasks: "follow",
    }  # fmt: skip
    match change:
        case Start(name=name):
            return said["start"].format(named([name]))
        case Stop(name=name):
            return said["stop"].format(named([name]))
        case Extend(names=names):
            return said["extend"].format(named(names))
        case GoOn(names=names):
            return said["go_on"].format(named(names))
        case _:
            return said[plain[type(change)]]


# -- the reasons that a rule can give ----------------------------------------------------------------------------------


def _sentences(rules: Iterable[Callable[..., Any]], language: str) -> str:
    say, quotes = translator(language), "“{}”"
    codes = dict.fromkeys(code for rule in rules for code in reasons_of(rule))
    texts = (re.sub(r"%\(\w+\)[sd]", "…", say(f"reason.{code}")) for code in codes)
    return SAID[language]["comma"].join(quotes.format(text) for text in texts)


def reasons_of(rule: Callable[..., Any], seen: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The codes of all reasons that a guard or check, or what it calls for one, can give, in the order of its text."""
    name = f"{rule.__module__}.{rule.__qualname__}"
    if name in seen or not rule.__module__.startswith(OWN):
        return ()
    known = inspect.getclosurevars(rule)
    names = {**known.globals, **known.nonlocals}
    calls = [
        node for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(rule)))) if isinstance(node, ast.Call)
    ]
    makers = {call.func for call in calls}  # what only makes a rule gives no reason itself
    found: list[str] = []
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id == "Reason":
            found += _codes(next(one.value for one in call.keywords if one.arg == "code"), known.nonlocals)
        elif call not in makers and inspect.isfunction(called := _called(call, names)):
            found += reasons_of(called, seen | {name})
    return tuple(dict.fromkeys(found))


def _called(node: ast.Call, names: Mapping[str, Any]) -> Any:
    """The function that is called: by its name, by that of its module, or made on the spot for a field that is written out."""
    match node.func:
        case ast.Name(id=name):
            return names.get(name)
        case ast.Attribute(value=ast.Name(id=module), attr=name) if inspect.ismodule(names.get(module)):
            return getattr(names[module], name, None)
        case ast.Call(args=[ast.Constant(value=field)]) as maker if inspect.isfunction(made := _called(maker, names)):
            return made(field)
    return None


def _codes(node: ast.expr, given: Any) -> Iterable[str]:
    """A code as it is written; of one that is put together every one of the catalogue that fits."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    assert isinstance(node, ast.JoinedStr), "a code is written out or put together"
    pattern = "".join(
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else _filled(part, given) for part in node.values
    )
    known = (str(one.id).removeprefix("reason.") for one in catalogue("en") if str(one.id).startswith("reason."))
    return sorted(code for code in known if re.fullmatch(pattern, code))


def _filled(part: ast.expr, given: Any) -> str:
    """What stands in the braces, if the rule was made for it; anything else otherwise."""
    value = part.value if isinstance(part, ast.FormattedValue) else None
    if isinstance(value, ast.Name) and isinstance(given.get(value.id), str):
        return re.escape(str(given[value.id]))
    return r"\w+"
