"""A change of the file is noticed however it is made, and a bad one changes nothing but is told."""

import asyncio
import os

import pytest

from plexus.settings.file_home import FileHome

GOOD = "providers: {ollama: {type: ollama, models: [%s]}}\n"
PATIENCE = 20.0


def models(settings):
    return list(settings.providers["ollama"].models)


class Watched:
    """A watched file and what was told of it, in order."""

    def __init__(self, home):
        self.home = home
        self.told: asyncio.Queue = asyncio.Queue()

    async def next(self):
        return await asyncio.wait_for(self.told.get(), PATIENCE)

    async def __aenter__(self):
        self.settings = self.home.load()
        self.task = asyncio.create_task(self.home.watch(self.told.put_nowait, self.told.put_nowait))
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
def watched(home):
    return Watched(home(GOOD % "a"))


def write_over(path, text):
    path.write_text(text)


def rename_into_place(path, text):
    other = path.with_name(".plexus.yaml.swp")
    other.write_text(text)
    other.replace(path)


def move_away_and_write_anew(path, text):
    path.rename(path.with_name("plexus.yaml~"))
    path.write_text(text)


@pytest.mark.parametrize("save", [write_over, rename_into_place, move_away_and_write_anew])
async def test_every_way_of_saving_is_noticed_again_and_again(watched, save):
    async with watched:
        for model in ("b", "c"):
            save(watched.home.path, GOOD % model)
            assert models(await watched.next()) == [model]


async def test_linked_folders_as_in_kubernetes_are_followed(tmp_path, known):
    for model in ("a", "b"):
        (tmp_path / f"..{model}").mkdir()
        (tmp_path / f"..{model}" / "plexus.yaml").write_text(GOOD % model)
    (tmp_path / "..data").symlink_to("..a")
    (tmp_path / "plexus.yaml").symlink_to("..data/plexus.yaml")
    async with Watched(FileHome(tmp_path / "plexus.yaml", known)) as watched:
        assert models(watched.settings) == ["a"]
        (tmp_path / "..next").symlink_to("..b")
        (tmp_path / "..next").replace(tmp_path / "..data")
        assert models(await watched.next()) == ["b"]


async def test_a_link_into_another_folder_is_followed(tmp_path, known):
    for folder in ("link", "real"):
        (tmp_path / folder).mkdir()
    (tmp_path / "real" / "p.yaml").write_text(GOOD % "a")
    (tmp_path / "link" / "p.yaml").symlink_to(tmp_path / "real" / "p.yaml")
    async with Watched(FileHome(tmp_path / "link" / "p.yaml", known)) as watched:
        rename_into_place(tmp_path / "real" / "p.yaml", GOOD % "b")
        assert models(await watched.next()) == ["b"]


async def test_a_bad_edit_is_told_once_and_the_next_good_one_is_taken(watched):
    async with watched:
        watched.home.path.write_text("providers: {ollama: {typ: ollama}}\nkees: {}\n")
        error = await watched.next()
        assert {problem.path for problem in error.problems} == {"providers.ollama.typ", "kees"}
        watched.home.path.write_text(GOOD % "a")
        assert models(await watched.next()) == ["a"]
        assert watched.told.empty()


async def test_an_empty_or_removed_file_is_an_error_and_not_an_empty_configuration(watched):
    async with watched:
        watched.home.path.write_text("")
        assert "empty" in str(await watched.next())
        watched.home.path.unlink()
        assert "cannot be read" in str(await watched.next())
        watched.home.path.write_text(GOOD % "b")
        assert models(await watched.next()) == ["b"]


async def test_the_same_content_saved_again_changes_nothing(watched):
    async with watched:
        os.utime(watched.home.path, ns=(1, 1))
        rename_into_place(watched.home.path, GOOD % "a")
        rename_into_place(watched.home.path, GOOD % "b")
        assert models(await watched.next()) == ["b"]
        assert watched.told.empty()


async def test_the_watch_ends_when_it_is_cancelled(watched):
    async with watched:
        pass
    assert watched.task.cancelled()
