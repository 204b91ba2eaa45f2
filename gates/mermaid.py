"""The picture of a procedure as its pages have it: as the library draws it, or in the words of a language."""

import re
from collections.abc import Callable, Iterable, Iterator

from workflow.picture import diagram
from workflow.procedure import Procedure


def mermaid(table: Procedure, *, say: Callable[[str], str] | None = None) -> str:
    """The picture without the library's front matter, which not every reader of Mermaid takes. With `say` in words, and only of
    steps that move a matter."""
    lines = diagram(table).splitlines()
    kept = [line.rstrip() for line in lines[lines.index("stateDiagram-v2") :]]
    return "\n".join(kept if say is None else _in_words(kept, say))


def _in_words(lines: Iterable[str], say: Callable[[str], str]) -> Iterator[str]:
    for line in lines:
        if state := re.fullmatch(r'( *state )"(\w+)"( as \w+)', line):
            yield f'{state[1]}"{say(f"state.{state[2]}")}"{state[3]}'
        elif move := re.fullmatch(r"( *)(\w+) --> (\w+): (.+)", line):
            if move[2] != move[3]:
                steps = " | ".join(say(f"command.{one}") for one in move[4].split(" | "))
                yield f"{move[1]}{move[2]} --> {move[3]}: {steps}"
        else:
            yield line
