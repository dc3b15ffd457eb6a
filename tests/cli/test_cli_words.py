"""The words of the official command line, as the methods of a client."""

import pytest

from soracom_async import ConfigurationError, Soracom
from soracom_async._registry import operations
from soracom_async.cli.words import found

COMMANDS = [words for operation in operations.values() for words in operation.cli if " " in words]


def test_every_command_of_the_official_line_is_a_method() -> None:
    assert len(COMMANDS) > 490
    for words in COMMANDS:
        method = found(words.split())
        assert str(method) == words
        assert callable(method.of(Soracom))  # type: ignore[arg-type]


def test_underscores_do_as_well() -> None:
    assert found(["sims", "set_group"]) == found(["sims", "set-group"])


def test_a_group_alone_is_its_listing_where_one_is_wanted() -> None:
    assert str(found(["sims"], listing=True)) == "sims list"
    assert str(found(["query", "subscribers"], listing=True)) == "query subscribers"
    assert str(found(["sims", "suspend"]).listing) == "sims list"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("sim list", "there is no group 'sim'; close to it: sims"),
        ("sims suspnd", "'sims' has no 'suspnd'; close to it: suspend"),
        ("sims set-grup", "'sims' has no 'set-grup'; close to it: set-group, unset-group"),
        ("stats air zz", "'stats air' has no 'zz'; it has export, get, groups, operators, sims"),
        ("sims list twice", "'sims list' takes no further word: 'twice'"),
        ("batch-groups jobs", "'batch-groups jobs' is a group: name one of "),
        ("call", "there is no group 'call'; it has analysis, audit-logs, "),
    ],
)
def test_unknown_words_name_the_near_ones(words: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        found(words.split())
    assert str(caught.value).startswith(says)


def test_a_group_without_a_listing_is_none() -> None:
    with pytest.raises(ConfigurationError, match="'logs' is a group: name one of get in it"):
        found(["logs"], listing=True)
