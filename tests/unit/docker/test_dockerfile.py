"""The container image, as far as it can be read: no container runs in these tests."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

from framefleet.browser.executable import find_browser

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "docker/chromium-headless-shell"
SETUP = (ROOT / "scripts/setup.sh").read_text(encoding="utf-8")
README = (ROOT / "docker/README.md").read_text(encoding="utf-8")
SECRET = re.compile(
    r"AWS_|SECRET|TOKEN|PASSWORD|CREDENTIAL|PRIVATE|_KEY|LICENSE_KEY", re.IGNORECASE
)


@dataclass(frozen=True)
class Instruction:
    """A line of the file, with those that continue it."""

    name: str
    value: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.value)

    @property
    def flags(self) -> dict[str, str]:
        pairs = (word[2:].partition("=") for word in self.words if word.startswith("--"))
        return {name: value for name, _, value in pairs}

    @property
    def arguments(self) -> list[str]:
        return [word for word in self.words if not word.startswith("--")]


def parse(text: str) -> list[Instruction]:
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    joined = "\n".join(lines).replace("\\\n", " ")
    pairs = (line.split(None, 1) for line in joined.splitlines())
    return [Instruction(name.upper(), value) for name, value in pairs]


FILE = parse((ROOT / "docker/Dockerfile").read_text(encoding="utf-8"))
START = max(index for index, found in enumerate(FILE) if found.name == "FROM")
BUILD, FINAL = FILE[:START], FILE[START:]


def of(name: str, instructions: list[Instruction]) -> list[Instruction]:
    return [found for found in instructions if found.name == name]


def environment(instructions: list[Instruction]) -> dict[str, str]:
    pairs = (word.partition("=") for found in of("ENV", instructions) for word in found.words)
    return {name: value for name, _, value in pairs}


def packages(instructions: list[Instruction]) -> set[str]:
    """What apt installs."""
    found: set[str] = set()
    for run in of("RUN", instructions):
        for command in run.value.split("&&"):
            if "apt-get install" in command:
                words = command.partition("apt-get install")[2].split()
                found |= {word for word in words if not word.startswith("-")}
    return found


def is_ignored(path: str) -> bool:
    """Whether the context leaves a path out: by the last pattern for it, or for a folder above."""
    ignored = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        parts = Path(path).parts
        above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        bare = pattern.removeprefix("!")
        names = [Path(each).name for each in above] if bare.startswith("**/") else above
        if any(fnmatch(name, bare.removeprefix("**/")) for name in names):
            ignored = not pattern.startswith("!")
    return ignored


def test_both_stages_are_the_slim_debian_that_has_python_3_11():
    assert [found.arguments for found in of("FROM", FILE)] == [
        ["debian:bookworm-slim", "AS", "build"],
        ["debian:bookworm-slim"],
    ]


def test_it_runs_as_a_user_without_rights_to_the_end():
    *_, user = of("USER", FINAL)
    (made,) = (run for run in of("RUN", FINAL) if "useradd" in run.value)
    uid = re.search(r"useradd --uid (\d+) .*nologin framefleet", made.value)
    assert uid is not None
    assert user.value == uid[1]
    assert int(user.value) >= 1000
    assert FINAL.index(user) > max(FINAL.index(run) for run in of("RUN", FINAL))


def test_nothing_comes_from_the_network_but_packages():
    assert of("ADD", FILE) == []
    for run in of("RUN", FILE):
        assert not re.search(r"curl|wget|https?://|git clone", run.value)


def test_every_file_that_is_copied_exists_and_is_in_the_context():
    copied = []
    for copy in of("COPY", FILE):
        if "from" not in copy.flags:
            copied += copy.arguments[:-1]
    assert set(copied) == {
        "pyproject.toml", "README.md", "LICENSE", "src", "docker/chromium-headless-shell",
    }  # fmt: skip
    for path in copied:
        assert (ROOT / path).exists(), path
        assert not is_ignored(path), path
    assert not is_ignored("src/framefleet/page_runtime/scripts.py")


@pytest.mark.parametrize(
    "path",
    [
        ".env", ".git/config", ".venv/bin/python", "build/remotion_site/index.html", "out/a.mp4",
        "tests/conftest.py", "docker/Dockerfile", "role-policy.json", "src/framefleet/a.pyc",
        "src/framefleet/__pycache__/a.cpython-311.pyc",
    ],
)  # fmt: skip
def test_nothing_else_is_in_the_context(path):
    assert is_ignored(path)


def test_no_secret_has_a_place():
    names = [*environment(FILE), *(found.value.partition("=")[0] for found in of("ARG", FILE))]
    assert len(names) > 8
    assert [name for name in names if SECRET.search(name)] == []
    for run in of("RUN", FILE):
        assert "type=secret" not in run.value


def test_the_browser_and_the_fonts_are_those_of_the_setup():
    fonts = re.search(r"fonts=\((.*)\)", SETUP)
    assert fonts is not None
    wanted = {*fonts[1].split(), "chromium-headless-shell"}
    assert wanted <= packages(FINAL)
    assert "chromium-headless-shell" in SETUP


def test_only_what_is_needed_is_installed():
    assert packages(BUILD) == {"python3", "python3-venv"}
    assert "${CJK:+fonts-noto-cjk}" in packages(FINAL)
    assert [found.value for found in of("ARG", FINAL)] == ['CJK=""']
    for run in of("RUN", FILE):
        if "apt-get install" in run.value:
            assert "--no-install-recommends" in run.value
            assert "rm -rf /var/lib/apt/lists/*" in run.value


def test_the_package_comes_with_what_the_clouds_need():
    (install,) = (run for run in of("RUN", BUILD) if "pip install" in run.value)
    found = re.search(r"\.\[(.*?)\]", install.value)
    assert found is not None
    extras = found[1].split(",")
    assert extras == ["lambda", "gcp"]
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert set(extras) <= set(tomllib.load(file)["project"]["optional-dependencies"])
    (copy,) = (copy for copy in of("COPY", FINAL) if "from" in copy.flags)
    assert copy.arguments == ["/opt/framefleet/venv"] * 2


def test_the_entry_point_is_a_module_that_takes_events():
    (entry,) = of("ENTRYPOINT", FILE)
    python, switch, module = json.loads(entry.value)
    assert (python, switch) == ("python", "-m")
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    assert 'if __name__ == "__main__":' in Path(spec.origin).read_text(encoding="utf-8")
    assert of("CMD", FILE) == []


def test_only_tmp_is_written_to():
    found = environment(FINAL)
    folders = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    for name in (*folders, "XDG_RUNTIME_DIR"):
        assert Path(found[name]).parts[:2] == ("/", "tmp"), name
    assert found["PYTHONDONTWRITEBYTECODE"] == "1"
    (compiled,) = (run for run in of("RUN", BUILD) if "compileall" in run.value)
    assert "--invalidation-mode unchecked-hash" in compiled.value
    assert found["PATH"].startswith("/opt/framefleet/venv/bin:")


def test_chromium_is_started_without_its_sandbox():
    (copy,) = (copy for copy in of("COPY", FINAL) if "docker/chromium-headless-shell" in copy.words)
    assert copy.flags["chmod"] == "755"
    assert copy.arguments[-1] == environment(FINAL)["FRAMEFLEET_BROWSER"]
    *_, command = SCRIPT.read_text(encoding="utf-8").splitlines()
    assert command == (
        'exec /usr/lib/chromium/chromium-headless-shell --no-sandbox --no-zygote "$@"'
    )
    assert os.access(SCRIPT, os.X_OK)
    assert find_browser(SCRIPT).is_headless_shell


def test_the_manual_builds_this_file_for_lambda():
    (build,) = re.findall(r"docker buildx build (?:.*\\\n)*.*", README)
    assert "--file docker/Dockerfile" in build
    # Lambda refuses the manifests of images with attestations.
    assert "--provenance=false --sbom=false" in build
    assert "--platform linux/arm64" in build
    assert "--build-arg CJK=1" in README
