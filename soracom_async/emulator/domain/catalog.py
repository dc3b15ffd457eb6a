"""The products that can be ordered, and the shipping areas with their costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from .money import Money


@frozen(slots=True, kw_only=True)
class Product:
    """An article; its price is in yen and without tax."""

    code: str
    name: str
    price: int
    most: int = 100
    """The greatest quantity in one order."""
    subscription: str = ""
    """The subscription of the SIMs in it; empty if it has none."""
    bundles: tuple[str, ...] = ()
    module_type: str = "nano"
    sims: int = 1
    """How many SIMs one piece has, if it has any."""
    kind: str = "sim"

    def shown(self, money: Money) -> dict[str, Any]:
        """Return the product as the API shows it."""
        price = money.of(self.price)
        # The names as the service sent them in 2019. Of the contract types, only `no_sms` was seen; `sms` is a guess.
        properties = {
            "contractType": "no_sms" if self.subscription.startswith("plan-D") else "sms",
            "simSubscription": self.subscription,
            "simSize": self.module_type,
        }
        return {
            "productCode": self.code,
            "productName": self.name,
            "description": self.name,
            "productType": self.kind,
            "count": self.sims,
            "maxQuantity": self.most,
            "currency": money.code,
            "price": price,
            "regularPrice": price,
            "taxIncludedPrice": money.taxed(price),
            "taxIncludedRegularPrice": money.taxed(price),
            "priceByQuantityList": [{"minQuantity": 1, "price": price, "taxIncludedPrice": money.taxed(price)}],
            "properties": properties if self.subscription else {},
            "productInfoURL": f"https://shop.emulator.test/{self.code}",
            "productImageURLs": [],
        }


PRODUCTS = {
    product.code: product
    for product in (
        Product(code="4573326590013", name="IoT SIM plan-D, nano", price=800, subscription="plan-D"),
        Product(
            code="4573326590020", name="IoT SIM plan-D, micro", price=800, subscription="plan-D", module_type="micro"
        ),
        Product(
            code="4573326590037",
            name="IoT SIM plan-D D-500MB, nano",
            price=800,
            subscription="plan-D",
            bundles=("D-500MB",),
        ),
        Product(
            code="4573326590044", name="IoT SIM plan01s, trio", price=500, subscription="plan01s", module_type="trio"
        ),
        Product(
            code="4573326590051",
            name="IoT SIM plan01s, trio, 10 pieces",
            price=4500,
            most=20,
            subscription="plan01s",
            module_type="trio",
            sims=10,
        ),
        Product(
            code="4573326590068", name="IoT SIM plan-US, trio", price=500, subscription="plan-US", module_type="trio"
        ),
        Product(code="4573326590075", name="LTE USB dongle", price=5980, most=10, kind="misc"),
    )
}
"""The products, by their codes."""

_AREAS = {
    "hokkaido": ("Hokkaido", 1200),
    "kita_tohoku": ("Kita-Tohoku", 900),
    "minami_tohoku": ("Minami-Tohoku", 800),
    "kanto": ("Kanto", 700),
    "shinetsu": ("Shinetsu", 700),
    "chubu": ("Chubu", 700),
    "hokuriku": ("Hokuriku", 700),
    "kansai": ("Kansai", 800),
    "chugoku": ("Chugoku", 900),
    "shikoku": ("Shikoku", 900),
    "kyushu": ("Kyushu", 1100),
    "okinawa": ("Okinawa", 1300),
}
"""By area: its name, and the cost of a delivery in yen."""
_PREFECTURES = {
    "hokkaido": "hokkaido 北海道",
    "kita_tohoku": "aomori 青森県 iwate 岩手県 akita 秋田県",
    "minami_tohoku": "miyagi 宮城県 yamagata 山形県 fukushima 福島県",
    "kanto": """ibaraki 茨城県 tochigi 栃木県 gunma 群馬県 saitama 埼玉県 chiba 千葉県 tokyo 東京都 kanagawa 神奈川県
        yamanashi 山梨県""",
    "shinetsu": "niigata 新潟県 nagano 長野県",
    "chubu": "gifu 岐阜県 shizuoka 静岡県 aichi 愛知県 mie 三重県",
    "hokuriku": "toyama 富山県 ishikawa 石川県 fukui 福井県",
    "kansai": "shiga 滋賀県 kyoto 京都府 osaka 大阪府 hyogo 兵庫県 nara 奈良県 wakayama 和歌山県",
    "chugoku": "tottori 鳥取県 shimane 島根県 okayama 岡山県 hiroshima 広島県 yamaguchi 山口県",
    "shikoku": "tokushima 徳島県 kagawa 香川県 ehime 愛媛県 kochi 高知県",
    "kyushu": """fukuoka 福岡県 saga 佐賀県 nagasaki 長崎県 kumamoto 熊本県 oita 大分県 miyazaki 宮崎県
        kagoshima 鹿児島県""",
    "okinawa": "okinawa 沖縄県",
}
_AREA_OF = {name: area for area, names in _PREFECTURES.items() for name in names.split()}
ABROAD, _ABROAD_COST = "abroad", 2000


def area_of(state: str) -> str:
    """Return the shipping area of a prefecture: `東京都`, `Tokyo`, `Tokyo-to`; any other text means abroad."""
    return _AREA_OF.get(state.casefold().partition("-")[0], ABROAD)


def shipping_cost(area: str, money: Money) -> float:
    """Return what a delivery costs, without tax."""
    return money.of(_ABROAD_COST if area == ABROAD else _AREAS[area][1])


def shipping_costs(money: Money) -> list[dict[str, Any]]:
    """Return what deliveries cost, area by area, as the API shows it."""
    return [
        {
            "shippingArea": area,
            "shippingAreaName": name,
            "shippingCost": shipping_cost(area, money),
            "currency": money.code,
            "size": 60,
            "appliedShippingOptions": [],
        }
        for area, (name, _) in _AREAS.items()
    ]
