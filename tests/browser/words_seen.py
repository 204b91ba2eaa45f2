"""Which words a page shows that are not of its language. What people entered and proper names are taken out."""

import re

#: What may stand in Latin letters on a Chinese page, and why.
LATIN = {
    r"\bOK\b": "what a command answers, in every language",
    r"SHA-256": "the name of a method; a hash means nothing without it",
    r"PDF|XLSX|CSV|JSON( Lines)?|TOML": "kinds of files, called so everywhere",
    r"English": "leads those who read it to the other language",
    r"huiyin( [a-z-]+| --[a-z]+| [A-Za-z./-]+)+": "a command, to be typed as it stands",
    r"\b[\w/-]+\.(toml|txt|pub|py|zip|csv)\b": "a file",
    r"--[a-z]+": "an option of a command",
    r"\b(Alt|Shift|Ctrl|Option|Tab)\b": "a key, called so on every keyboard",
    r"HUIYIN_[A-Z_]+": "a setting, to be typed as it stands",
    r"TOTP|Cookie|UTF-8": "what is looked for in another program under this name",
    r"https?://\S+": "an address",
    r"[\w.-]+@[\w.-]+": "a mail address, or the name of a mail as mail servers log it",
    r"\b[0-9a-f]{8,}\b": "a hash",
    r"\b[0-9A-Z]{4}(-[0-9A-Z]{4})+\b": "a code that people keep",
    r"\b[A-Z2-7]{2,}( [A-Z2-7]{4})+\b": "a secret that is typed into a telephone",
    r"(/[\w.-]+)+": "a place on the disk of the office's machine",
}
#: What may stand in Chinese characters on an English page, and why.
CHINESE = {
    r"中文": "leads those who read it to the other language",
    r"（\d{4}）\S+?字第\d+号": "the number of a matter is written so on paper, and nowhere else",
    r"\S+字\b": "the series of such numbers",
}


def foreign_words(text: str, language: str, known: list[str]) -> list[str]:
    """What is left of the text in letters of the other script. `known` are names and texts of this office."""
    for pattern in LATIN if language == "zh_CN" else CHINESE:
        text = re.sub(pattern, " ", text)
    for one in sorted(known, key=len, reverse=True):
        text = text.replace(one, " ")
    return sorted(set(re.findall(r"[A-Za-z][A-Za-z0-9_.=:-]+" if language == "zh_CN" else r"[\u4e00-\u9fff]+", text)))
