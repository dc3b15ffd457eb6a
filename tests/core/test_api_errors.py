"""What an error answer says: `soracom_async._core.api_errors` and `codes`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soracom_async._core.api_errors import LONGEST, code_and_message, json_of, refuses_token
from soracom_async._core.codes import REFUSED_TOKEN, Code, hint_of
from soracom_async._core.outcome import Response

BODY = {"code": "AGW0002", "message": "キーが無効です"}
TEXT = json.dumps(BODY, ensure_ascii=False)


def answer(content: bytes | str, status: int = 403, content_type: str | None = None) -> Response:
    headers = {} if content_type is None else {"content-type": content_type}
    return Response(status, headers, content.encode() if isinstance(content, str) else content)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (TEXT, "application/json"),
        (TEXT, "text/plain"),
        (TEXT, None),
        (TEXT, "text/html; charset=shift_jis"),
        (f"\ufeff{TEXT}", "text/plain; charset=utf-8"),
        (f" \r\n\t{TEXT}\n", "text/plain"),
        (json.dumps(BODY), "text/plain;charset=US-ASCII"),
        (TEXT.encode("utf-16"), "text/plain"),
        (TEXT.encode("utf-16-be"), "text/plain; charset=utf-16"),
        (TEXT.encode("utf-32"), "text/plain"),
        (TEXT.encode("shift_jis"), "text/plain; charset=Shift_JIS"),
        (TEXT.encode("cp932"), 'text/plain; charset="Windows-31J"'),
        (TEXT.encode("euc-jp"), "text/plain;  CHARSET='EUC-JP'; x=y"),
    ],
)
def test_json_of_any_content_type(content, content_type):
    """An error of the API is one by its form."""
    assert json_of(answer(content, 500, content_type)) == BODY
    assert refuses_token(answer(content, 403, content_type))


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ("", "application/json"),
        ("<html></html>", "text/html"),
        ('{"code": "AGW0002"', "application/json"),
        (f"error: {TEXT}", "text/plain"),
        (TEXT.encode("shift_jis"), "text/plain"),
        (TEXT.encode("shift_jis"), "text/plain; charset=utf-8"),
        (TEXT.encode("shift_jis"), "text/plain; charset=euc-jp"),
        (b'{"code": "\xff"}', "text/plain; charset=unicode_escape"),
        (b'{"code": "\xff"}', "text/plain; charset=nonsense"),
        ('{"a":' * 200_000, "application/json"),
        ("[" * 200_000, "application/json; charset=cp932"),
    ],
)
def test_what_is_no_json(content, content_type):
    """It is a text, and says nothing of a token."""
    with pytest.raises(ValueError, match="."):
        json_of(answer(content, 500, content_type))
    assert not refuses_token(answer(content, 403, content_type))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (BODY, ("AGW0002", BODY["message"])),
        ({"code": 5, "message": None}, ("5", "")),
        ({"error": "x"}, ("", "")),
        ({}, ("", "")),
        ([BODY], ("", "")),
        ("AGW0002", ("", "")),
        (None, ("", "")),
    ],
)
def test_code_and_message(body, said):
    """What the JSON does not say is empty."""
    assert code_and_message(body) == said


def test_which_answers_refuse_a_token():
    """401, whatever it says; 403 with one of three codes; nothing else."""
    assert refuses_token(answer("", 401))
    assert {code for code in Code if refuses_token(answer(json.dumps({"code": code})))} == REFUSED_TOKEN
    assert set(REFUSED_TOKEN) == {"AGW0002", "AUM0001", "AUM0013"}
    for status in (200, 302, 400, 404, 407, 429, 500):
        assert not refuses_token(answer(TEXT, status))
    assert not refuses_token(answer(TEXT + " " * LONGEST))


def test_a_head_alone():
    """A 403 whose body is not read says nothing of the token; a 401 needs none."""

    class Head:
        def __init__(self, status: int) -> None:
            self.status, self.headers = status, {}

    assert refuses_token(Head(401))
    assert not refuses_token(Head(403))


@given(st.binary(max_size=200), st.text(max_size=50))
def test_no_answer_makes_it_fail(content, content_type):
    """A server may send anything."""
    assert refuses_token(answer(content, 403, content_type)) in (True, False)


def test_each_known_code_has_a_hint():
    """One sentence without a line end; unknown codes have none."""
    for code in Code:
        assert code.hint
        assert code.hint == hint_of(code.value)
        assert code.hint.isprintable()
        assert Code(code.value) is code
        assert code == code.value == str(code)
    assert hint_of("SEM0001") == hint_of("") == ""
