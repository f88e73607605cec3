"""The commands and files that a page names: targets of make, subcommands and options, sweeps."""

import re
import shlex
from pathlib import Path

from typer.main import get_command

from rmt_hessian import cli
from tests.documents.pages import FENCE, blocks

ROOT = Path(__file__).parents[2]


def spans(text):
    """Code within lines, outside blocks."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", FENCE.sub("", text))]


def commands(text):
    """The words of the commands in ``sh`` blocks and of those named within lines."""
    lines = [line for name, source in blocks(text) if name == "sh" for line in source.split("\n")]
    lines = "\n".join(lines).replace("\\\n", " ").split("\n")
    lines += [span for span in spans(text) if re.match(r"(\S*/)?(make|rmt-hessian) ", span)]
    return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


def unknown(words):
    """What a command names that is not there."""
    while words and "=" in words[0]:  # the environment
        words = words[1:]
    program, arguments = [Path(word).name for word in words[:1]], words[1:]
    if program == ["make"]:
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        names = [word for word in arguments if "=" in word]
        sweeps = [f"sweeps/{name[5:]}.toml" for name in names if name.startswith("NAME=")]
        return [w for w in arguments if w not in targets + names] + missing(sweeps)
    if program == ["rmt-hessian"] and arguments not in ([], ["--help"]):
        known = get_command(cli.app).commands
        name, *rest = arguments
        if name not in known:
            return [name]
        options = {"--help"} | {o for parameter in known[name].params for o in parameter.opts}
        given = {word.partition("=")[0] for word in rest if word.startswith("--")}
        return sorted(given - options) + missing(rest)
    return []


def missing(paths):
    """Those that begin like a file of the repository and are none."""
    folders = "|".join(re.escape(p.name) for p in ROOT.iterdir() if not p.name.startswith("."))
    own = re.compile(rf"(?!results|figures|build)({folders})(/[\w./-]*)?")
    return [path for path in paths if own.fullmatch(path) and not (ROOT / path).exists()]
