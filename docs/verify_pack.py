"""Checks a sealed pack offline: python verify_pack.py PACK.zip

With nothing but Python: the manifest, the chain of the events, the rows and texts against the events, and the anchors in
the pack against the chain. Exit code 0: it holds; 1: it does not; 2: this is no pack. Whether an anchor is the one that
the auditors have is theirs to say, and its signature is checked by `huiyin anchor check`.
"""

import hashlib
import json
import re
import sys
import zipfile

LARGEST = 500_000_000  # bytes, unpacked: no pack of one case comes near
HEAD = re.compile(r"(\d+) (\d+) ([0-9a-f]{64})")
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
wrong, good = [], []


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def opened(path):
    """The files of the pack by name, none of them twice."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > LARGEST:
            raise ValueError("larger than any pack is")
        files = {entry.filename: archive.read(entry) for entry in entries}
    if len(files) < len(entries):
        wrong.append("the zip has two files of one name: programs may each show another one")
    return files


def check_manifest(files):
    said = dict(line.split("  ", 1)[::-1] for line in files["MANIFEST"].decode().splitlines())
    for name in sorted(said.keys() | files.keys() - {"MANIFEST"}):
        if name not in files or said.get(name) != sha256(files[name]):
            problem = (
                "is missing" if name not in files else "is not in the manifest" if name not in said else "was changed"
            )
            wrong.append(f"{name} {problem}")
    good.append(f"manifest: {len(said)} files")


def check_chain(record):
    """Each event's hash follows from its columns and from the hash before."""
    before, stream = "", record["events"][0][0]
    for place, (*columns, hash_) in enumerate(record["events"], 1):
        text = json.dumps(columns, ensure_ascii=False, separators=(",", ":"))
        if columns[:2] != [stream, place]:
            wrong.append(f"event {place}: it says of itself that it is event {columns[1]} of {columns[0]}")
        if columns[-1] != before:
            wrong.append(f"event {place}: it does not follow the one before")
        if sha256(text.encode()) != hash_:
            wrong.append(f"event {place}: it was changed, its hash is another")
        before = hash_
    good.append(f"chain: {len(record['events'])} events")


def written(record):
    """What the events say was written, by table and number, the last word of each."""
    last = {}
    for event in record["events"]:
        for table, rows in json.loads(event[8]).get("wrote", {}).items():
            for number, row in {None: rows}.items() if table in ("cases", "tracking") else rows.items():
                last.setdefault((table, number and int(number)), {}).update(row)
    for (table, _), row in last.items():
        # The first events do not say when an extension opened a clock: when it stopped the one before.
        before = last.get((table, row.get("extends"))) if table == "clock" else None
        if before and row.get("opened_at") is None:
            row["opened_at"] = before.get("stopped_at")
    return last


def check_rows(record, last):
    """Each column of a row that the events speak of is as they say. (Others follow from them: `huiyin verify`.)"""
    seen = {key for key in last if key[0] == "personal_text"}
    for table, rows in record["rows"].items():
        for row in rows:
            key = (table, row.get("number"))
            seen.add(key)
            if key not in last:
                wrong.append(f"{table} {row.get('number') or ''}: no event speaks of this row")
            for name, value in last.get(key, {}).items():
                if row.get(name) != value:
                    wrong.append(
                        f"{table} {row.get('number') or ''}: {name} is {row.get(name)!r}, the events say {value!r}"
                    )
    wrong.extend(f"{table} {number or ''}: the row is missing" for table, number in last.keys() - seen)
    good.append(f"rows: {len(seen)}")


def check_texts(texts, last):
    """Each text is the one that was committed to; an erased one is empty, and must be among the events."""
    for text in texts:
        said = last.get(("personal_text", text["number"]), {}).get("commitment")
        if text["content"] is not None and sha256(f"{text['salt']}\n{text['content']}".encode()) != said:
            wrong.append(f"text {text['number']}: it is not the one that was written")
    kept = {text["number"] for text in texts}
    wrong.extend(f"text {n}: it is missing" for table, n in last if table == "personal_text" and n not in kept)
    good.append(f"texts: {len(texts)}")


def check_anchors(files, record):
    """Each anchor is whole, follows the one before it if that is here, and names an event of this chain."""
    stream, hashes = record["events"][0][0], {event[1]: event[-1] for event in record["events"]}
    texts = {int(re.search(r"\d+", name)[0]): files[name].decode() for name in files if name.startswith("anchors/")}
    held = 0
    for number in sorted(texts):
        text, name = texts[number], f"anchor {number}"
        body, _, rest = text.partition("\nsha256 ")
        if not text.startswith("huiyin anchor 1\n") or sha256(body.encode() + b"\n") != rest[:64]:
            wrong.append(f"{name}: it was changed, its checksum is another")
        said = dict(line.split(" ", 1) for line in body.split("\n") if line[:1].isalpha())
        if said.get("number") != str(number):
            wrong.append(f"{name}: it says that it is number {said.get('number')}")
        if number - 1 in texts and said.get("previous") != sha256(texts[number - 1].encode()):
            wrong.append(f"{name}: it was made upon another anchor than number {number - 1} here")
        for line in filter(HEAD.fullmatch, body.split("\n")):
            of, seq, hash_ = HEAD.fullmatch(line).groups()
            if int(of) == stream:
                held = max(held, int(seq))
                if hashes.get(int(seq)) != hash_:
                    wrong.append(f"{name} of {said.get('made')}: event {seq} had the hash {hash_}; here it has not")
    later = len(hashes) - held
    good.append(f"anchors: {len(texts)}; the events up to {held} are in one, {later} later ones are in none")


def proof(hash_):
    """The proof of filing as it is printed on the receipt."""
    bits = int(hash_[:20], 16)
    letters = "".join(LETTERS[bits >> shift & 31] for shift in range(75, -1, -5))
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def main(path):
    try:
        files = opened(path)
        record = json.loads(files["record.json"])
        check_manifest(files)
        check_chain(record)
        last = written(record)
        check_rows(record, last)
        check_anchors(files, record)
        if "texts.json" in files:
            check_texts(json.loads(files["texts.json"]), last)
        elif not record["masked"]:
            wrong.append("texts.json is missing")
        good.append(f"proof of filing: {proof(record['events'][0][-1])}")
    except (OSError, zipfile.BadZipFile, KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        print(f"{path} is no pack that can be checked: {type(error).__name__} {error}")
        return 2
    print("\n".join([record.get("number", ""), *good, *wrong, "NOT OK" if wrong else "OK"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python verify_pack.py PACK.zip")
    sys.exit(main(sys.argv[1]))
