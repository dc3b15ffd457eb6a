from __future__ import annotations

import pytest
from leaks import canary, refused, report_of, sings

from soracom_async._secret import Secret
from soracom_async.errors import ConfigurationError


def test_no_text_form_shows_the_value():
    """repr, str and format show stars, alone and within containers."""
    secret = Secret(canary())
    for text in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        repr([secret]),
        repr({"a": secret}),
    ):
        assert not sings(text)
        assert "*" in text


def test_reveal_returns_the_value():
    """The value leaves by reveal, also after wrapping twice."""
    assert sings(Secret(canary()).reveal())
    assert Secret(Secret("a")).reveal() == "a"


def test_equality_and_hash_are_those_of_the_value():
    """Equal values are equal secrets; a secret equals no string."""
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert hash(Secret("a")) == hash(Secret("a"))


def test_empty_is_false():
    """Truth is that of the value."""
    assert not Secret("")
    assert Secret("a")


def test_nothing_else_holds_the_value():
    """There is no instance dictionary that `vars` or a debugger would print."""
    with pytest.raises(TypeError):
        vars(Secret(canary()))


def test_the_scan_of_tracebacks_finds_what_leaks():
    """The tests' own tool sees a canary in a hidden context and in a local, so its silence means something."""

    def fail(secret: str) -> None:
        try:
            int(secret)
        except ValueError:
            raise ConfigurationError("hidden") from None

    with pytest.raises(ConfigurationError) as caught:
        fail(canary())
    assert sings(report_of(caught.value))
    leak = compile("def f(secret): raise error('what')\nf(make())", "<soracom_async/leak>", "exec")
    with pytest.raises(AssertionError, match="secret"), refused("what"):
        exec(leak, {"error": ConfigurationError, "make": canary})
