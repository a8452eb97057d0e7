from __future__ import annotations

import json

import pytest

from warmer.config import SiteConfig, VariantConfig
from warmer.errors import ConfigError
from warmer.run import recorded
from warmer.run.recorded import RecordedVariants, record_with, recorded_in, with_recorded

GERMAN = (("accept-language", "de"),)
FRENCH = (("accept-language", "fr"),)
SILENT = (("accept-language", ""),)


def test_each_set_of_values_is_a_variant_the_most_frequent_first() -> None:
    variants = RecordedVariants(())
    assert variants.name_of(GERMAN, 1.0) == "accept-language=de"
    assert variants.name_of(SILENT, 1.0) == "accept-language=(none)"
    assert variants.name_of(FRENCH, 3.0) == "accept-language=fr"
    assert variants.name_of(GERMAN, 1.0) == "accept-language=de"
    assert variants.chosen() == (
        (
            VariantConfig(name="accept-language=fr", headers={"accept-language": "fr"}),
            VariantConfig(name="accept-language=de", headers={"accept-language": "de"}),
            VariantConfig(name="accept-language=(none)", headers={"accept-language": ""}),
        ),
        [],
    )


def test_a_variant_of_the_site_that_sends_the_same_is_taken() -> None:
    variants = RecordedVariants(
        [
            VariantConfig(name="german", headers={"Accept-Language": "de"}),
            VariantConfig(name="phone", headers={"Accept-Language": "fr", "X-Phone": "1"}),
        ]
    )
    assert variants.name_of(GERMAN, 1.0) == "german"
    assert variants.name_of(FRENCH, 1.0) == "accept-language=fr"
    assert [each.name for each in variants.chosen()[0]] == ["accept-language=fr"]


def test_rare_variants_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "MAX_VARIANTS", 1)
    monkeypatch.setattr(recorded, "MAX_SEEN", 2)
    variants = RecordedVariants(())
    variants.name_of(GERMAN, 1.0)
    variants.name_of(FRENCH, 2.0)
    assert variants.name_of(SILENT, 9.0) is None
    chosen, rare = variants.chosen()
    assert [each.name for each in chosen] == ["accept-language=fr"]
    assert rare == ["accept-language=de"]


def test_plain_candidates_keep_the_variants_that_they_had() -> None:
    more = (VariantConfig(name="accept-language=de", headers={"accept-language": "de"}),)
    assert [each.name for each in with_recorded(SiteConfig(), more).variant] == [
        "default",
        "accept-language=de",
    ]
    own = SiteConfig(variant=(VariantConfig(name="mine"),))
    assert [each.name for each in with_recorded(own, more).variant] == [
        "mine",
        "accept-language=de",
    ]
    assert with_recorded(own, ()) is own


def test_a_resumed_run_finds_its_variants_again() -> None:
    more = (VariantConfig(name="x", headers={"accept-language": "de", "cookie": ""}),)
    kept = record_with('{"file": null}', more)
    assert json.loads(kept)["file"] is None
    assert recorded_in(kept) == more
    assert recorded_in(record_with('{"file": null}', ())) == ()


def test_credentials_are_neither_in_names_nor_kept() -> None:
    variants = RecordedVariants(())
    names = [variants.name_of((("cookie", value),), 1.0) for value in ("s=secret1", "s=secret2")]
    assert names == ["cookie=#1", "cookie=#2"]
    chosen, _ = variants.chosen()
    assert chosen[0].headers == {"cookie": "s=secret1"}
    kept = record_with("{}", chosen)
    assert "secret" not in kept
    with pytest.raises(ConfigError) as error:
        recorded_in(kept)
    assert str(error.value) == (
        'variant "cookie=#1": its recorded credentials were not kept; expected a new run instead '
        "of --resume"
    )
