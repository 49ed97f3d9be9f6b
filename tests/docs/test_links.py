"""Links between the documents lead somewhere, and everything written can be reached."""

import pytest

from tests.docs.documents import PAGES, ROOT, anchors, links

NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


@pytest.mark.parametrize("name", NAMES)
def test_every_relative_link_leads_to_a_file_and_a_heading(name: str):
    for link in links(name):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        there = (ROOT / name).parent / path if path else ROOT / name
        assert there.resolve().is_relative_to(ROOT), link
        assert there.is_file(), link
        if anchor:
            assert anchor in anchors(there.resolve().relative_to(ROOT).as_posix()), link


def test_every_page_can_be_reached_from_the_readme():
    reached, open_pages = {"README.md"}, ["README.md"]
    while open_pages:
        name = open_pages.pop()
        for link in links(name):
            there = ((ROOT / name).parent / link.partition("#")[0]).resolve()
            if "://" not in link and there.suffix == ".md" and there.is_relative_to(ROOT):
                found = there.relative_to(ROOT).as_posix()
                if found not in reached and found in NAMES:
                    reached.add(found)
                    open_pages.append(found)
    assert set(NAMES) - reached == set()


def test_links_to_the_web_are_encrypted():
    for name in NAMES:
        assert [link for link in links(name) if link.startswith("http://")] == []
