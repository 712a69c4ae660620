import pytest

from tasks.core.files.named_files import CatalogueError, catalogue, known_name


def test_things_keep_the_order_of_their_lines():
    assert list(catalogue("kind", ("b", 1), ("a", 2))) == ["b", "a"]


def test_a_name_that_comes_twice_is_refused():
    with pytest.raises(CatalogueError, match=r"two probe kinds called 'disc'\. Rename one"):
        catalogue("probe kind", ("disc", 1), ("file", 2), ("disc", 3))


def test_an_unknown_name_is_refused_with_those_that_there_are():
    assert known_name("a", ["a", "b"], "kind") == "a"
    with pytest.raises(ValueError, match=r"Unknown kind 'c'\. Choose one of: a, b\."):
        known_name("c", ["a", "b"], "kind")
