"""The messages of errors: whole in English and in Japanese, with a code of their area, and without words of ours."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import soracom_async.emulator
from soracom_async._registry import load
from soracom_async.api.operations import MODULES
from soracom_async.emulator.handlers.common.crud import KINDS
from soracom_async.emulator.handlers.topics import HANDLERS
from soracom_async.emulator.protocol.errors import CATALOG, Refusal
from soracom_async.emulator.protocol.japanese import SENTENCES
from soracom_async.emulator.protocol.japanese_terms import TERMS
from soracom_async.emulator.protocol.texts import OTHER_TERM, Term, Text
from soracom_async.emulator.service.areas import AREAS, area_of

PACKAGE = Path(soracom_async.emulator.__file__).parent
SOURCES = {
    str(path.relative_to(PACKAGE)): ast.parse(path.read_text("utf-8"))
    for path in PACKAGE.rglob("*.py")
    if path.parent.name != "protocol" or path.name == "errors.py"
}
TEMPLATED = ("invalid", "not_possible", "absent", "Text")
"""Functions whose first argument is a sentence."""
NAMED = ("not_found", "exists", "unknown", "Term", "Named")
"""Functions whose first argument is a kind of record."""
KNOWN = {
    *("AGW0002", "AGW0005", "ANA0005", "ANA0011", "AUM0001", "AUM0002", "AUM0003", "AUM0013", "AUM0017"),
    *("COM0008", "SEM0016"),
}
"""The codes that the service was seen to send."""
JAPANESE = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")


def calls(*names: str) -> Iterator[tuple[str, ast.Call]]:
    """Return the calls of `Refusal.name`, or of `name`, with where they are."""
    for path, tree in SOURCES.items():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="Refusal" | "cls"), attr=name)) if name in names:
                    yield f"{path}:{node.lineno}", node
                case ast.Call(func=ast.Name(id=name)) if name in names:
                    yield f"{path}:{node.lineno}", node


def words(*names: str) -> Iterator[tuple[str, str]]:
    """Return the literal first arguments of the calls."""
    for where, call in calls(*names):
        match call.args[0] if call.args else None:
            case ast.Constant(value=str(text)):
                yield text, where


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{\d\}", text))


def test_every_sentence_has_its_japanese():
    """Those of the codes, and those at every place that refuses."""
    said = dict(words(*TEMPLATED)) | {english: code for code, (_, english) in CATALOG.items()}
    assert {english: where for english, where in said.items() if english not in SENTENCES and english != "{0}"} == {}


def test_every_japanese_sentence_is_of_a_sentence():
    """None is left that nothing says: each is a code's, or stands somewhere in the source."""
    literals = {
        node.value
        for tree in SOURCES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert [english for english in SENTENCES if english not in literals] == []
    assert [kind for kind in TERMS if kind not in literals and kind not in KINDS_OF_RECORDS] == []


def test_sentences_are_literals():
    """No sentence is put together at the place that refuses: nobody could translate it."""
    made = [where for where, call in calls(*TEMPLATED) if not isinstance(call.args[0], ast.Constant)]
    assert [where for where in made if not where.startswith(("protocol/errors.py", *REPEATED))] == []


REPEATED = ("domain/sql_errors.py", "service/validation.py")
"""Modules that choose a sentence from a table of theirs."""


@pytest.mark.parametrize("english", SENTENCES)
def test_both_languages_say_the_same(english):
    """Each has the details that the other has, and is of its language."""
    assert placeholders(SENTENCES[english]) == placeholders(english)
    assert JAPANESE.search(SENTENCES[english]) or english == "true or false"
    assert not JAPANESE.search(english)
    assert english.endswith(".") == SENTENCES[english].endswith("。")


KINDS_OF_RECORDS = {kind.name for kind in KINDS.values()} | {"image export", "video export"}
KINDS_OF_RECORDS |= {"company information", "individual information", "configuration", "contract"}
KINDS_OF_RECORDS |= {"namespace", "parameter"}


def test_every_kind_of_record_has_its_japanese():
    """Whatever an error can name."""
    named = dict(words(*NAMED)) | dict.fromkeys(KINDS_OF_RECORDS, "")
    for path, tree in SOURCES.items():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr="collection"), args=[ast.Constant(value=str(kind)), *_]):
                    named[kind] = path
                case ast.Assign(targets=[ast.Name(id="QUOTATION")], value=ast.Constant(value=str(kind))):
                    named[kind] = path
    assert {kind: where for kind, where in named.items() if kind not in TERMS} == {}


def test_a_kind_without_a_name():
    """A resource of the fallback, which takes its name from a path, is a resource; what contains it is left out."""
    refusal = Refusal.not_found("thing of bigger thing 7", "5")
    assert refusal.body("en", "COM") == {"code": "COM9007", "message": "There is no thing 5."}
    assert refusal.body("ja-JP", "SCA") == {"code": "SCA9007", "message": f"{OTHER_TERM} 5 は存在しません。"}


@pytest.mark.parametrize("name", ["", " ", "null", "None", "undefined", None])
def test_what_is_no_identifier_is_not_repeated(name):
    """A client that sends the words of its language for nothing is told of no record with that name."""
    assert str(Refusal.not_found("group", name).text) == "There is no such group."
    assert str(Refusal.exists("role", name).text) == "The role exists already."


def test_details_are_in_the_language_too():
    """Terms, parts of sentences, and several values."""
    text = Text("{0} is not one of {1}", "body.type", {"a": 1, "b": 2})
    assert text.within("en") == "body.type is not one of a, b"
    assert Text("the {0} is terminated", Term("gadget")).within("ja") == "このガジェットは解約されています"
    assert Text("{0} is not {1}", "x", Text("an integer")).within("ja") == "x には整数を指定してください"


def test_known_codes_and_guessed_ones():
    """Codes that are not known of the service have numbers from 9001."""
    assert {code for code in CATALOG if code[0] != "*" and code[3:] < "9001"} <= KNOWN
    assert all(re.fullmatch(r"(AGW|ANA|AUM|BIL|COM|SCA|SEM|SLM|\*)\d{4}", code) for code in CATALOG)
    common = {code[1:] for code in CATALOG if code[0] == "*"}
    assert not [code for code in CATALOG if code[3:] in common and code != "COM9003"]
    raised = {
        argument.value
        for _, call in calls("Refusal", "cls", "not_found")
        for argument in call.args
        if isinstance(argument, ast.Constant) and argument.value in CATALOG
    }
    # `not_found` has its own code as a default.
    assert raised | {"*9007"} == set(CATALOG)
    assert {code for code, _ in words("Refusal", "cls")} <= set(CATALOG)


def test_every_area_is_of_a_group():
    """Each operation's codes have a prefix; those that the table does not name have the common one."""
    groups = {load(module).group for module in MODULES}
    assert AREAS.keys() <= groups
    assert {area_of(load(name)) for name in HANDLERS} == {"ANA", "AUM", "BIL", "COM", "SCA", "SEM", "SLM"}
    assert area_of(None) == "COM"
