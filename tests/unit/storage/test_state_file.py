import pytest

from plexus.storage.state_file import StateFile


def test_what_was_saved_is_what_is_loaded_also_by_another(tmp_path):
    path = tmp_path / "data" / "targets.json"
    assert StateFile(path).load() is None
    StateFile(path).save({"a": [1, None, "é"]})
    assert StateFile(path).load() == {"a": [1, None, "é"]}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_cannot_be_read_is_none(content, tmp_path):
    path = tmp_path / "targets.json"
    path.write_bytes(content)
    assert StateFile(path).load() is None


def test_the_same_state_is_not_written_again_and_nothing_else_is_left_in_the_folder(tmp_path):
    path = tmp_path / "targets.json"
    file = StateFile(path)
    file.save([1])
    path.unlink()
    file.save([1])
    assert not path.exists()
    file.save([2])
    assert [entry.name for entry in tmp_path.iterdir()] == ["targets.json"]


def test_what_stood_there_stays_when_it_cannot_be_written(tmp_path):
    path = tmp_path / "targets.json"
    StateFile(path).save([1])
    blocked = StateFile(path / "inside")
    with pytest.raises(OSError, match="targets"):
        blocked.save([2])
    assert StateFile(path).load() == [1]
