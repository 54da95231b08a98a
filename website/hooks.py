"""What mkdocs calls: adds the pages that are made, and turns links into the repository into links of the site."""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from website.links import for_site
from website.pages import ROOT, copied_files, made_pages

REPOSITORY_PATHS: dict[str, str] = {}
"""Where each page of the site lies in the repository."""


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds pages from the code and from the repository's root, notebooks, and the files that pages link to."""
    for made in made_pages():
        files.append(File.generated(config, made.path, content=made.text))
        REPOSITORY_PATHS[made.path] = made.repository_path
    for path in copied_files():
        files.append(File.generated(config, f"files/{path}", abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with links of the site."""
    path = page.file.src_uri
    return for_site(markdown, REPOSITORY_PATHS.get(path, f"docs/{path}"), path)
