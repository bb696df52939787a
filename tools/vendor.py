"""Fetch the dashboard's libraries from npm, and the one that its tests need.

    python tools/vendor.py          fetch the versions below, write the files and the manifests
    python tools/vendor.py --check  say whether the files are the ones of the manifests (needs no npm)

Only whoever changes a version runs the first form, and needs ``npm`` for it. Browsers resolve bare
imports (``from "preact"``) through an import map alone, which a Content-Security-Policy without
inline script forbids; so two rewrites are made, and nothing else: bare imports become relative
paths, and ``sourceMappingURL`` comments go, since the maps are not shipped. A manifest holds the
hash of each file before and after. What only tests load stays as it is, and is in no wheel.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from attrs import frozen

ROOT = Path(__file__).resolve().parents[1]


@frozen
class Library:
    """One npm package, and which of its files the page loads.

    Attributes:
        licence: The one taken where the package leaves a choice; its LICENSE is the text of that one.
    """

    package: str
    version: str
    files: tuple[str, ...]
    licence: str | None = None

    @property
    def folder(self) -> str:
        """The folder's name, which carries the version."""
        return f"{self.package.removeprefix('@').replace('/', '-')}-{self.version}"


@frozen
class Shelf:
    """A folder of vendored files with its manifest.

    Attributes:
        rewritten: Whether modules are made to find each other without an import map.
    """

    folder: Path
    libraries: tuple[Library, ...]
    rewritten: bool

    @property
    def manifest(self) -> Path:
        """The file that names every other one, with its hash."""
        return self.folder / "manifest.json"


PAGE = Shelf(
    ROOT / "src/tora/server/static/vendor",
    (
        Library("preact", "11.2.0", ("dist/preact.mjs", "hooks/dist/hooks.mjs")),
        Library("htm", "3.1.1", ("dist/htm.mjs",)),
        Library("@preact/signals-core", "1.14.5", ("dist/signals-core.mjs",)),
        Library("@preact/signals", "2.11.4", ("dist/signals.mjs",)),
        Library("uplot", "1.6.32", ("dist/uPlot.esm.js", "dist/uPlot.min.css")),
        Library("marked", "18.2.1", ("lib/marked.esm.js",)),
        Library("dompurify", "3.4.18", ("dist/purify.es.mjs",), licence="Apache-2.0"),
    ),
    rewritten=True,
)
TESTS = Shelf(ROOT / "tests/browser/vendor", (Library("axe-core", "4.14.1", ("axe.min.js",)),), rewritten=False)
SHELVES = (PAGE, TESTS)

_SOURCE_MAP = re.compile(rb"\s*//# sourceMappingURL=\S+\s*$")
_BARE_IMPORT = re.compile(rb"""(\bfrom\s*|\bimport\s*)(["'])([@a-z][^"']*)\2""")


def import_paths() -> dict[str, str]:
    """Return where each bare import specifier leads, relative to any library's folder."""
    folders = {library.package: f"../{library.folder}" for library in PAGE.libraries}
    return {
        "preact": f"{folders['preact']}/preact.mjs",
        "preact/hooks": f"{folders['preact']}/hooks.mjs",
        "@preact/signals-core": f"{folders['@preact/signals-core']}/signals-core.mjs",
    }


def rewrite(source: bytes, paths: dict[str, str]) -> bytes:
    """Return a module with relative imports and without its source map comment.

    Raises:
        KeyError: It imports a package that is not vendored.
    """

    def relative(match: re.Match[bytes]) -> bytes:
        keyword, quote, specifier = match.groups()
        return keyword + quote + paths[specifier.decode()].encode() + quote

    return _BARE_IMPORT.sub(relative, _SOURCE_MAP.sub(b"\n", source))


def sha256(data: bytes) -> str:
    """Return the hash as the manifest writes it."""
    return hashlib.sha256(data).hexdigest()


def fetch(library: Library, into: Path) -> Path:
    """Return the unpacked package, as npm has it."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("tools/vendor.py: npm was not found; install Node.js, or use --check, which needs none")
    packed = subprocess.run(
        [npm, "pack", "--silent", f"{library.package}@{library.version}"],
        cwd=into, check=True, capture_output=True, text=True,
    )  # fmt: skip
    folder = into / library.folder
    with tarfile.open(into / packed.stdout.split()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def install(shelf: Shelf, library: Library, source: Path) -> list[dict[str, Any]]:
    """Write one library's files beside its licence and return their entries of the manifest."""
    target = shelf.folder / library.folder
    target.mkdir(parents=True)
    shutil.copy(source / "LICENSE", target / "LICENSE")
    licence = library.licence or json.loads((source / "package.json").read_text())["license"]
    return [
        {
            "name": library.package,
            "version": library.version,
            "licence": licence,
            "source": f"npm:{library.package}@{library.version}/{name}",
            **_place(shelf, source / name, target / Path(name).name),
        }
        for name in (*library.files, "LICENSE")
    ]


def _place(shelf: Shelf, source: Path, target: Path) -> dict[str, str]:
    original = source.read_bytes()
    is_module = shelf.rewritten and target.suffix not in {"", ".css"}
    shipped = rewrite(original, import_paths()) if is_module else original
    target.write_bytes(shipped)
    return {
        "file": target.relative_to(shelf.folder).as_posix(),
        "sha256": sha256(shipped),
        "sourceSha256": sha256(original),
    }


def update(shelf: Shelf) -> None:
    """Fetch everything of a shelf anew; files of other versions go."""
    shutil.rmtree(shelf.folder, ignore_errors=True)
    shelf.folder.mkdir(parents=True)
    entries: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for library in shelf.libraries:
            entries += install(shelf, library, fetch(library, Path(scratch)))
    shelf.manifest.write_text(json.dumps(entries, indent=2) + "\n")


def differences(shelf: Shelf) -> list[str]:
    """Return what is not as the manifest says, one sentence each; nothing when all is well."""
    entries = {entry["file"]: entry["sha256"] for entry in json.loads(shelf.manifest.read_text())}
    present = {path.relative_to(shelf.folder).as_posix(): path for path in shelf.folder.rglob("*") if path.is_file()}
    present.pop(shelf.manifest.name)
    missing = [f"{name} is in the manifest and missing" for name in entries.keys() - present.keys()]
    unknown = [f"{name} is not in the manifest" for name in present.keys() - entries.keys()]
    changed = [
        f"{name} is not the file of the manifest: its hash differs"
        for name in entries.keys() & present.keys()
        if sha256(present[name].read_bytes()) != entries[name]
    ]
    return sorted(f"{shelf.folder.relative_to(ROOT)}/{text}" for text in [*missing, *unknown, *changed])


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare the files with the manifests, fetch nothing")
    if not parser.parse_args().check:
        for shelf in SHELVES:
            update(shelf)
    found = [difference for shelf in SHELVES for difference in differences(shelf)]
    for difference in found:
        print(difference, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
