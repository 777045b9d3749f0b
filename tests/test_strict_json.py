import pytest

from callnexus import strict_json


def test_an_object_is_read_as_it_is():
    assert strict_json.parse(b'{"a": [1, -2.5, "\\ud800"], "b": null}') == {"a": [1, -2.5, "\ud800"], "b": None}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"a": 1, "a": 1}', "twice"),
        (b'{"a": {"b": 1, "b": 2}}', "twice"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b'{"a": -Infinity}', "-Infinity is not a number"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": 0.' + b"1" * 10_000 + b"}", "too large or too long"),
        (b'{"a": ' + b"1" * 10_000 + b"}", "digits"),
        (b'{"a": ' * 200_000, "nested too deeply"),
        (b"[]", "not an object"),
        (b"7", "not an object"),
        (b"\xff", "decode"),
        (b'\xef\xbb\xbf{"a": 1}', "BOM"),
        (b"", "Expecting value"),
    ],
)
def test_anything_doubtful_is_a_value_error(content: bytes, reason: str):
    with pytest.raises(ValueError, match=reason):
        strict_json.parse(content)
