"""The decisions are listed, and the one about dependencies names exactly those there are."""

import ast
import re
import tomllib

from tests.docs.documents import ROOT, text

ADR = ROOT / "docs" / "adr"
FILES = sorted(path.name for path in ADR.glob("[0-9]*.md"))
DEPENDENCIES = "docs/adr/0003-dependencies.md"
MODULES = {
    "pyyaml": "yaml",
    "genai-prices": "genai_prices",
    "prometheus-client": "prometheus_client",
    "ruamel-yaml": "ruamel",
}
"""Where the module is not called like the package."""
DRIVER = re.compile(r"(?:sqlite|postgresql)\+(\w+)")
"""SQLAlchemy imports the driver that a URL names."""


def test_every_decision_is_listed_once_under_its_own_title():
    listed = re.findall(r"^\| \[(\d+)\]\((\S+)\) \| (.+) \|$", text("docs/adr/README.md"), re.MULTILINE)
    assert [name for _, name, _ in listed] == FILES
    for number, name, title in listed:
        assert name.startswith(f"{int(number):04}-")
        assert text(f"docs/adr/{name}").splitlines()[0] == f"# {number}. {title}"


def test_every_decision_says_what_why_and_what_follows():
    for name in FILES:
        found = re.findall(r"^\*\*(Decided|Why|What follows)\.\*\*", text(f"docs/adr/{name}"), re.MULTILINE)
        assert found[:1] == ["Decided"], name
        assert "What follows" in found, name
        if f"docs/adr/{name}" != DEPENDENCIES:  # its table gives a reason for each
            assert found == ["Decided", "Why", "What follows"], name


def _runtime() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {re.split(r"[<>=;\[ ]", entry)[0].lower() for entry in project["dependencies"]}


def _imported() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "importlib.import_module":
                found.add(ast.unparse(node.args[0]).strip("'").partition(".")[0])
            elif isinstance(node, ast.Constant) and (driver := DRIVER.match(str(node.value))):
                found.add(driver[1])
    return found


def _table() -> dict[str, str]:
    lines = re.findall(r"^\| `([\w-]+)` \| (.+?) \| .+ \|$", text(DEPENDENCIES), re.MULTILINE)
    assert len(dict(lines)) == len(lines)
    return dict(lines)


def test_every_runtime_dependency_has_its_reason_and_no_other_has():
    assert set(_table()) == _runtime()


def test_a_dependency_that_nothing_imports_is_called_so():
    imported = _imported()
    for package, use in _table().items():
        assert (MODULES.get(package, package) in imported) != use.startswith("nothing"), package
