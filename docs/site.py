"""What MkDocs asks while it builds the site: pages that lie elsewhere, links between them.

The texts are written for the repository: a link names a file of it. Here each becomes the page that
the file makes, and what is no page stands as code.
"""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

from cropdash.cli.app import COMMANDS, command
from cropdash.files.records import Form
from cropdash.storage import layout

ROOT = Path(__file__).resolve().parents[1]
# Pages of the site, by the file of the repository that holds their text.
ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "data/README.md": "data-folder.md",
    "models/README.md": "models-folder.md",
}
_ALL_PICTURES = "pictures.md"
PICTURES = "docs/screenshots"  # a folder, which readers are sent to: a page of its own here
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]*)(#[^)\s]*)?\)")
# A formula alone on its line, or within one: TeX, which becomes MathML, so that no script draws it.
_FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\w`$])\$([^$\s][^$\n]*?)\$(?![\w$])", re.DOTALL)
_FORMATS = "<!-- formats -->"
_WITH_FORMULAS = "concepts/"  # the folder whose pages have some
# A picture of a page in light colours; on dark pages of the site its twin is shown.
_LIGHT = re.compile(r"(!\[[^\]]*\]\(\S*screenshots/\w+)_light\.png\)")
# By which the theme lets a page that is opened as a file be searched; vendored, so not fetched.
_SHIM = "https://unpkg.com/iframe-worker/shim"
_ALONE = re.compile(r'<p>((?:<img alt="([^"]+)"[^>]*>\s*)+)</p>')  # pictures of one paragraph
_CODE = re.compile(r"(?<!<span></span>)<code>[^<]+</code>")  # in a line, not a block
_LONG = re.compile(r"[^\s<>]{20,}")
_JOINT = re.compile(r"(?<=[a-zA-Z])(?:[/_=]|\.(?!\w{2,4}\b))(?=[a-zA-Z*&])")  # no ending: .json
_OPTION = re.compile(r"(?<![\w-])--?[a-zA-Z][\w-]*")
_EXAMPLES = re.compile(r"^(Examples?): (`[^`]+`(?:\n\n`[^`]+`)*)(?=\n\n|\Z)", re.MULTILINE)
_NO_OPTIONS = {"help", "install_completion", "show_completion"}  # which every group has


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are not in docs/."""
    for path, page in ELSEWHERE.items():
        text = (ROOT / path).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=linked(text, path)))
    files.append(File.generated(config, _ALL_PICTURES, content=pictures()))
    files.append(File.generated(config, "command-options.md", content=options()))
    for script in sorted((ROOT / "docs" / "gallery").glob("[a-z]*.py")):
        files.append(File.generated(config, f"gallery/{script.stem}.md", content=shown(script)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """The page's text with its links turned."""
    if page.file.src_uri != _ALL_PICTURES:  # which has both themes below each other
        markdown = _LIGHT.sub(r"\1_light.png#only-light)\1_dark.png#only-dark)", markdown)
    if page.file.generated_by:
        return markdown
    if page.file.src_uri.startswith(_WITH_FORMULAS):
        markdown = _FORMULA.sub(_drawn, markdown)
    return linked(markdown.replace(_FORMATS, formats()), f"docs/{page.file.src_uri}")


def _drawn(found: re.Match[str]) -> str:
    display = "block" if found[1] else "inline"
    drawn = str(convert((found[1] or found[2]).strip(), display=display))
    # A line that begins with <math> would be taken for a block, and its sentence cut in two.
    return drawn if found[1] else f"<span>{drawn}</span>"


def formats() -> str:
    """Every document with its version, what it holds at least, and the tree of folders."""
    lines = ["| document | version | holds at least |", "| --- | --- | --- |"]
    forms = {form.file: form for form in vars(layout).values() if isinstance(form, Form)}
    for name, form in sorted(forms.items()):
        held = ", ".join(f"`{field}`" for field in getattr(form.kind, "__annotations__", {}))
        lines.append(f"| `{name}` | {form.version} | {held} |")
    tree = inspect.cleandoc(layout.__doc__ or "").partition("\n\n")[2]
    return "\n".join(
        ["## Where they lie", "", "```text", tree, "```", "", "## Versions", "", *lines]
    )


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """The page with what a picture shows below it; code is broken between its words."""
    html = _CODE.sub(_broken_well, html)
    if page.file.src_uri == _ALL_PICTURES:
        return html  # whose headings say it
    return _ALONE.sub(r"<figure>\1<figcaption>\2</figcaption></figure>", html)


def _broken_well(code: re.Match[str]) -> str:
    """An option stays whole; a long name may be broken behind its slashes, points and bars."""
    text = _LONG.sub(lambda name: _JOINT.sub(r"\g<0><wbr>", name[0]), code[0])
    return _OPTION.sub(r'<span class="option">\g<0></span>', text)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """The page without an address outside."""
    here = PurePosixPath(page.file.dest_uri).parent
    return output.replace(_SHIM, os.path.relpath("vendor/iframe-worker.js", here))


def on_post_template(output_content: str, template_name: str, **_: Any) -> str:
    """No page for addresses that there are none of: files have none, and it has no styles as one."""
    return "" if template_name == "404.html" else output_content


def linked(text: str, path: str) -> str:
    """The text of a file of the repository, its links turned to pages of the site."""
    here = PurePosixPath(ELSEWHERE.get(path, path.removeprefix("docs/"))).parent

    def turned(found: re.Match[str]) -> str:
        mark, words, target, place = found[1], found[2], found[3], found[4] or ""
        if not target or "://" in target:
            return found[0]
        wanted = os.path.normpath(PurePosixPath(path).parent / target)
        page = page_of(wanted)
        if page is None:
            return f"`{words}`"
        return f"{mark}[{words}]({os.path.relpath(page, here)}{place})"

    return _LINK.sub(turned, text)


def page_of(wanted: str) -> str | None:
    """Where the site has a file of the repository; None where it has not."""
    if wanted == PICTURES:
        return _ALL_PICTURES
    if wanted in ELSEWHERE:
        return ELSEWHERE[wanted]
    inside = wanted.removeprefix("docs/")
    if wanted.startswith("docs/gallery/") and wanted.endswith(".py"):
        return inside.removesuffix(".py") + ".md"
    return inside if wanted.startswith("docs/") and (ROOT / wanted).is_file() else None


def pictures() -> str:
    """Every page of the dashboard, light and dark."""
    lines = ["# The pages in pictures", ""]
    order = {"light": "", "dark": " "}  # before other looks of the page
    found = [(path.stem.partition("_"), path) for path in (ROOT / PICTURES).glob("*.png")]
    for (shown, _, how), path in sorted(
        found, key=lambda f: (f[0][0], order.get(f[0][2], f[0][2]))
    ):
        name = f"{shown.capitalize()}: {how.replace('_', ' ').replace('french', 'French')}"
        lines += [f"## {name}", "", f"![{name}](screenshots/{path.name})", ""]
    return "\n".join(lines)


def shown(script: Path) -> str:
    """A script of the gallery: what its docstring says, and its code."""
    code = script.read_text(encoding="utf-8")
    title, _, rest = code.partition('"""')[2].partition('"""')[0].partition("\n")
    rest = re.sub(r"`(docs/[\w-]+\.md)`", r"[\1](../../\1)", rest)
    rest = linked(rest, f"docs/gallery/{script.name}")
    typed = re.sub(r"^ *(python .*)$", r"```\n\1\n```", rest, flags=re.MULTILINE)
    return f"# {title.rstrip('.')}\n{typed}\n\n```python\n{code}```\n"


def options() -> str:
    """Every command with its options, as the command line itself tells them."""
    lines = ["# All commands and their options", ""]
    for name in COMMANDS:
        found = command(name)
        below = getattr(found, "commands", {})
        alone = not below or found.invoke_without_command
        listed = [(name, found)] if alone else []
        for told, each in [*listed, *((f"{name} {k}", v) for k, v in below.items())]:
            lines += [f"## cropdash {told}", "", _EXAMPLES.sub(_typed, _clean(each.help or "")), ""]
            lines += ["| Option | What it does |", "| --- | --- |"]
            lines += [
                f"| {_named(p)} | {_said(p)} |" for p in each.params if p.name not in _NO_OPTIONS
            ]
            lines += [""]
    return "\n".join(lines)


def _typed(found: re.Match[str]) -> str:
    lines = [" ".join(each.split()) for each in re.findall(r"`([^`]+)`", found[2])]
    return "\n".join([f"{found[1]}:", "", "```", *lines, "```"])


def _named(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _said(parameter: Any) -> str:
    text = _clean(getattr(parameter, "help", None) or "").replace("|", "\\|").replace("<", "&lt;")
    default = parameter.default
    has = isinstance(default, str | int | float) and not isinstance(default, bool)
    has = has and default != ""
    return f"{text} Default: `{default}`." if has else text


def _clean(text: str) -> str:
    return inspect.cleandoc(text.replace("\f", "")).replace("\b", "")
