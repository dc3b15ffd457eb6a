"""Profile commands: split into words as the official command line does, and run without a shell."""

from __future__ import annotations

import shutil
import subprocess
from threading import Thread

OUTPUT_LIMIT = 1024 * 1024
"""Bytes that a profile command may print."""

_PIPE_TIMEOUT = 1.0  # seconds for what a command has printed to arrive after its end; a child of its own may go on


# A command and what it prints hold secrets, and so do these frames: they return what is wrong instead of raising it.


def printed_by(command: str, timeout: float) -> tuple[str, bytes | str]:
    """Run a command; return its name, and what it printed as bytes or else what went wrong as text.

    It gets no input, and what it says on stderr is dropped. It is killed after `timeout` seconds.
    """
    try:
        words = command_words(command)
    except ValueError as error:
        return "", f"cannot be split into words: {error}"
    if not words:
        return "", "is empty"
    name = repr(words[0].partition("=")[0])  # a first word VARIABLE=secret is a mistake, but an easy one
    return name, _run(words, name, timeout)


def command_words(command: str) -> list[str]:
    r"""Split a command by the rules of go-shellwords; raises ValueError for one that is not complete.

    Unlike in a shell, an unquoted `;`, `&`, `|`, `<` or `>` ends the command, and what follows is ignored, with the
    number before `2>`. Outside of single quotes, a backslash gives the next character, `\t` and `\n` the one they
    name. Nothing is expanded: backticks and `$(…)` stay as they are, and `$HOME` too.
    """
    words: list[str] = []
    word: str | None = None  # none is begun; an empty one comes of quotes
    quote, substituted = "", ""  # the character that ends the quotes, and the one that ends a substitution
    characters = iter(command)
    for character in characters:
        if character == "\\" and quote != "'":
            following = next(characters, None)
            if following is None:
                raise ValueError("a backslash ends it")
            word = (word or "") + {"t": "\t", "n": "\n"}.get(following, following)
        elif character in "'\"" and quote in ("", character) and substituted != ")":
            quote = "" if quote else character
            word = word or ""
        elif quote or (substituted and character not in "`()"):
            word = (word or "") + character
        elif character in " \t\r\n":
            if word is not None:
                words.append(word)
                word = None
        elif character in ";&|<>":
            if character == ">" and word and "0" <= word[0] <= "9":
                word = None
            break
        else:
            substituted = _substituted(character, substituted, word or "")
            word = (word or "") + character
    if quote or substituted:
        raise ValueError(f"there is no closing {quote or substituted}")
    return words if word is None else [*words, word]


def _substituted(character: str, substituted: str, before: str) -> str:
    """Return which character ends the substitution behind an unquoted character, empty if there is none."""
    if character == "`" and substituted != ")":
        return "" if substituted else "`"
    if character in "()" and substituted != "`":
        if character == ")" and substituted:
            return ""
        if character == "(" and not substituted and before.endswith("$"):
            return ")"
        raise ValueError(f"there is a {character} without quotes")
    return substituted


def _run(words: list[str], name: str, timeout: float) -> bytes | str:
    printed: list[bytes] = []
    program = shutil.which(words[0]) or words[0]  # on Windows, a .cmd or .bat is found by this alone
    try:
        process = subprocess.Popen(  # noqa: S603
            [program, *words[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except (OSError, ValueError) as error:
        return f"{name} cannot be run: {getattr(error, 'strerror', None) or 'not a command'}"

    def read() -> None:
        assert process.stdout is not None  # noqa: S101
        with process.stdout as pipe:  # closed at the limit: so the command ends too
            printed.append(pipe.read(OUTPUT_LIMIT + 1))

    reader = Thread(target=read, daemon=True)
    reader.start()
    try:
        code = process.wait(timeout)
        reader.join(_PIPE_TIMEOUT)
    except subprocess.TimeoutExpired:
        return f"{name} took longer than {timeout:g} s"
    finally:
        process.kill()  # nothing, if it has ended
        process.wait()
    if not printed:
        return f"{name} ended, but a process that it left still holds its output"
    if len(printed[0]) > OUTPUT_LIMIT:
        return f"{name} printed more than {OUTPUT_LIMIT} bytes"
    if code:
        return f"{name} failed with exit code {code}; run it in a shell to see why"
    return printed[0]
