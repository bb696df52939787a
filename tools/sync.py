"""Write the sync API from the async one: src/tora/_sync from src/tora/_async, tests/_sync from tests/_async.

    python tools/sync.py            writes what is not current
    python tools/sync.py --check    writes nothing; names what is not current and ends with 1

Where the two APIs differ otherwise than by ``await`` is told in ``tools/rules.py``.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import hashlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # started as a script, only its own folder is there

from tools.facade import facade  # noqa: E402
from tools.rules import Rules, UnmatchedError  # noqa: E402
from tools.transliteration import transliterate  # noqa: E402

__all__ = ["main"]

PACKAGE: Final = PurePosixPath("src/tora")
TESTS: Final = PurePosixPath("tests")
BY_HAND: Final = {PACKAGE / "_sync" / name for name in ("__init__.py", "loop.py", "pages.py", "runner.py")}
MARK: Final = "# Made by tools/sync.py"  # how a generated file begins
SOURCES: Final = "sources.txt"  # which state of the async modules the generated ones belong to
SHOWN_LINES: Final = 20  # of a difference


def main(arguments: Sequence[str] | None = None, root: Path = ROOT, rules: Rules | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if a file is not current")
    check = parser.parse_args(arguments).check
    try:
        wanted = generate(root, rules or Rules())
    except UnmatchedError as exc:
        print(f"tools/sync.py: {exc}", file=sys.stderr)
        return 2
    return _check(root, wanted) if check else _write(root, wanted)


def generate(root: Path, rules: Rules) -> dict[PurePosixPath, str]:
    """Return every generated file of a checkout, by its path in it."""
    files: dict[PurePosixPath, str] = {}
    for name in rules.modules.entries:
        source = PACKAGE / "_async" / name
        files[PACKAGE / "_sync" / name] = _finished(
            root, source, facade(source, (root / source).read_text("utf-8"), rules)
        )
    for found in sorted((root / TESTS / "_async").glob("*.py")):
        source = TESTS / "_async" / found.name
        files[TESTS / "_sync" / found.name] = _finished(
            root, source, transliterate(source, found.read_text("utf-8"), rules)
        )
    rules.check_all_used()
    files[PACKAGE / "_sync" / SOURCES] = _digests(root)
    return files


def _digests(root: Path) -> str:
    """Return a digest of each async module: whoever changes one is led here, whether or not a wrapper changes.

    Of the syntax tree, so that comments and the layout do not count.
    """
    lines = []
    for found in sorted((root / PACKAGE / "_async").glob("*.py")):
        tree = ast.dump(ast.parse(found.read_text("utf-8")))
        lines.append(f"{hashlib.sha256(tree.encode()).hexdigest()[:16]}  {PACKAGE / '_async' / found.name}\n")
    return "".join(lines)


def _finished(root: Path, source: PurePosixPath, text: str) -> str:
    header = f"{MARK} from {source}; edit that file, then run: python tools/sync.py\n"
    path = root / str(source).replace("_async", "_sync")
    text = _ruff(path, header + text, "check", "--quiet", "--fix", "--select", "I,F401")
    return _ruff(path, text, "format", "--quiet")


def _ruff(path: Path, text: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(path), "-"]
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise UnmatchedError(f"ruff cannot finish {path}:\n{done.stderr or done.stdout}")
    return done.stdout


def _check(root: Path, wanted: Mapping[PurePosixPath, str]) -> int:
    stale = [path for path, text in wanted.items() if _current(root / path) != text]
    for path in stale:
        print(f"{path} is not current; run: python tools/sync.py")
        difference = difflib.unified_diff(
            _current(root / path).splitlines(), wanted[path].splitlines(), str(path), "generated", lineterm=""
        )
        print(*islice(difference, SHOWN_LINES), sep="\n")
    strangers = _strangers(root, wanted)
    for path in strangers:
        print(f"{path} has no source; move it, or run: python tools/sync.py")
    return 1 if stale or strangers else 0


def _write(root: Path, wanted: Mapping[PurePosixPath, str]) -> int:
    for path, text in wanted.items():
        if _current(root / path) != text:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
            print(f"wrote {path}")
    kept = 0
    for path in _strangers(root, wanted):
        if _current(root / path).startswith(MARK):
            (root / path).unlink()
            print(f"removed {path}, which has no source any more")
        else:
            kept = 1
            print(f"{path} was not generated; move it, or add it to BY_HAND in tools/sync.py")
    return kept


def _strangers(root: Path, wanted: Mapping[PurePosixPath, str]) -> list[PurePosixPath]:
    """Return what lies among the generated files and is none of them."""
    there = {
        folder / found.name for folder in (PACKAGE / "_sync", TESTS / "_sync") for found in (root / folder).glob("*.py")
    }
    return sorted(there - wanted.keys() - BY_HAND)


def _current(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
