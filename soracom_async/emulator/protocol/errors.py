"""The errors of the emulated service, in English and Japanese."""

from __future__ import annotations

from typing import Any

CATALOG: dict[str, tuple[int, str, str]] = {
    "COM9001": (404, "There is nothing at {0}.", "{0} は存在しません。"),
    "COM9002": (405, "{0} is not possible here.", "ここでは {0} を使えません。"),
    "COM9003": (400, "The request is not valid: {0}.", "リクエストが正しくありません: {0}"),
    "COM9004": (
        429,
        "Too many requests; wait for the next window.",
        "リクエストが多すぎます。しばらくお待ちください。",
    ),
    "COM9005": (501, "The emulator does not know {0} yet.", "エミュレータは {0} に対応していません。"),
    "COM9006": (409, "The version has changed meanwhile.", "バージョンが変更されています。"),
    "COM9007": (404, "There is no {0} {1}.", "{0} {1} は存在しません。"),
    "COM9008": (409, "The {0} {1} exists already.", "{0} {1} は既に存在します。"),
    "COM9009": (400, "That is not possible now: {0}.", "現在この操作はできません: {0}"),
    "AGW0005": (500, "Something went wrong inside.", "内部エラーが発生しました。"),
    "AUM0002": (401, "The credentials are not right.", "認証情報が正しくありません。"),
    "AGW0002": (401, "The API key or the token is missing or not valid.", "API キーまたはトークンが無効です。"),
    "AUM0013": (401, "The token has expired.", "トークンの有効期限が切れています。"),
    "AUM9004": (401, "A valid one-time password is needed.", "正しいワンタイムパスワードが必要です。"),
    "AUM9005": (400, "A token lives {0} to {1} seconds.", "トークンの有効期間は {0} から {1} 秒です。"),
    "AUM9006": (400, "A switched user cannot switch again.", "スイッチしたユーザーは再度スイッチできません。"),
    "AUM0017": (403, "This user may not do that.", "この操作は許可されていません。"),
    "AUM9008": (400, "The current password is not right.", "現在のパスワードが正しくありません。"),
    "AUM9009": (404, "There is no AuthKey {0}.", "認証キー {0} は存在しません。"),
    "AUM9010": (400, "Multi-factor authentication is not in that state.", "多要素認証の状態が正しくありません。"),
    "AUM9011": (404, "There is no user like that.", "該当するユーザーは存在しません。"),
    "AUM9012": (400, "The token is not valid.", "トークンが正しくありません。"),
    "AUM9013": (404, "The token is too old.", "トークンの有効期限が切れています。"),
    "AUM9014": (400, "Only the root user may do that.", "ルートユーザーだけが実行できます。"),
    "AUM9015": (400, "Switching to that user is not allowed.", "そのユーザーにはスイッチできません。"),
    "AUM9016": (403, "The email or the password is not right.", "メールアドレスまたはパスワードが正しくありません。"),
    "COM9010": (404, "There is no {0}.", "{0} は存在しません。"),
    "COM9011": (409, "{0} exists already.", "{0} は既に存在します。"),
    "SEM9011": (404, "There is no group {0}.", "グループ {0} は存在しません。"),
    "SEM9012": (404, "The group has no {0}.", "グループに {0} は存在しません。"),
    "SEM9001": (404, "There is no SIM {0}.", "SIM {0} は存在しません。"),
    "SEM9002": (400, "A SIM that is {0} cannot become {1}.", "{0} の SIM は {1} にできません。"),
    "SEM9003": (400, "The SIM is terminated.", "この SIM は解約されています。"),
    "SEM9004": (400, "The SIM is protected from termination.", "この SIM は解約プロテクションが有効です。"),
    "SEM9005": (404, "The SIM has no tag {0}.", "SIM にタグ {0} はありません。"),
    "SEM9006": (400, "The SIM {0} cannot be registered.", "SIM {0} は登録できません。"),
    "SEM9007": (400, "The SIM is not online; state the IMEI.", "SIM がオフラインです。IMEI を指定してください。"),
    "SEM9008": (400, "The speed class {0} does not exist for {1}.", "速度クラス {0} は {1} で使えません。"),
    "SEM9031": (
        400,
        "The SIM does not support SMS, since it is virtual.",
        "バーチャル SIM は SMS に対応していません。",
    ),
    "SEM9032": (
        400,
        "A SIM that is {0} receives no SMS; activate it first.",
        "ステータスが {0} の SIM は SMS を受信できません。先に使用開始してください。",
    ),
    "SEM9033": (
        400,
        "A SIM of {0} cannot become {1}; it can become {2}.",
        "{0} の SIM は {1} に変更できません。変更できるステータスは {2} です。",
    ),
    "SEM9034": (
        400,
        "The speed class of {0} cannot be changed; it is always {1}.",
        "{0} の速度クラスは変更できません。速度クラスは常に {1} です。",
    ),
    "SEM9035": (404, "The SIM has no expiry time.", "この SIM には有効期限が設定されていません。"),
    "SEM9036": (
        400,
        "The SIM has expired; unset its expiry time or set a later one first.",
        "この SIM は有効期限を過ぎています。先に有効期限を解除するか、延長してください。",
    ),
    # The code is known, its status is not. The document has 400, 403 and 404 for a downlink by UDP: 400, like other
    # requests that the present state does not allow.
    "SEM0016": (400, "The subscriber is offline.", "サブスクライバーがオフラインです。"),
    "SCA9001": (403, "There is no free license {0}.", "空いているライセンス {0} がありません。"),
    "SEM9009": (404, "There is no transfer token {0}.", "移管トークン {0} は存在しません。"),
}


class Refusal(Exception):
    """An error that the service answers with: one of the codes of the catalog."""

    def __init__(self, code: str, *details: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(code, *details)
        self.code = code
        self.status: int
        self.status, self._english, self._japanese = CATALOG[code]
        self.details = details
        self.headers: dict[str, str] = headers or {}

    @classmethod
    def invalid(cls, template: str, *details: Any) -> Refusal:
        """Return a 400: the request is not valid; the template and its details say why."""
        return cls("COM9003", template.format(*details) if details else template)

    @classmethod
    def not_possible(cls, template: str, *details: Any) -> Refusal:
        """Return a 400: the request is valid, but not possible in the present state."""
        return cls("COM9009", template.format(*details) if details else template)

    @classmethod
    def not_found(cls, kind: str, identifier: Any) -> Refusal:
        """Return a 404: there is no record of this kind with this identifier."""
        return cls("COM9007", kind, identifier)

    @classmethod
    def no_sim(cls, name: str) -> Refusal:
        """Return a 404: there is no such SIM."""
        return cls("SEM9001", name)

    @classmethod
    def exists(cls, kind: str, identifier: Any) -> Refusal:
        """Return a 409: the identifier is taken."""
        return cls("COM9008", kind, identifier)

    @classmethod
    def forbidden(cls) -> Refusal:
        """Return a 403: the user may not do that."""
        return cls("AUM0017")

    @classmethod
    def wrong_password(cls) -> Refusal:
        """Return a 400: the current password is wrong."""
        return cls("AUM9008")

    @classmethod
    def invalid_token(cls) -> Refusal:
        """Return a 400: a token in the body of the request is not valid."""
        return cls("AUM9012")

    @classmethod
    def wrong_mfa_state(cls) -> Refusal:
        """Return a 400: multi-factor authentication is not in the state that the request needs."""
        return cls("AUM9010")

    @classmethod
    def internal_error(cls) -> Refusal:
        """Return a 500: something went wrong inside."""
        return cls("AGW0005")

    def body(self, language: str) -> dict[str, str]:
        """Return the error in the API's unified form."""
        text = self._japanese if language.startswith("ja") else self._english
        return {"code": self.code, "message": text.format(*self.details)}
