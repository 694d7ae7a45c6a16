"""The G.711 tables against the standard's own values (ITU-T G.711 tables 1 and 2)."""

import numpy as np
import pytest

from softswitch.media.g711 import PCMA, PCMU, codec

ALL_SAMPLES = np.arange(-32768, 32768).astype(np.int16)
# Decision values' first outputs and the outermost ones, on the 16-bit scale.
KNOWN_ULAW = {
    0xFF: 0,
    0x7F: 0,
    0xFE: 8,
    0xF0: 120,
    0xEF: 132,
    0x80: 32124,
    0x00: -32124,
    0xC0: 1884,
    0xA0: 7932,
}
KNOWN_ALAW = {0xD5: 8, 0x55: -8, 0xD4: 24, 0xC5: 264, 0xAA: 32256, 0x2A: -32256, 0xE5: 1056, 0x80: 5504}


def alaw_output(code: int) -> int:
    """A-law's quantised value from its segment and step numbers (G.711 section 3.2)."""
    code ^= 0x55
    segment, step = code >> 4 & 7, code & 15
    value = (2 * step + 1) if segment == 0 else (2 * step + 33) << (segment - 1)
    return 8 * value if code & 0x80 else -8 * value


def ulaw_output(code: int) -> int:
    """Mu-law's quantised value (G.711 section 3.2, 14-bit scale, times 4)."""
    code ^= 0xFF
    value = (((2 * (code & 15) + 33) << (code >> 4 & 7)) - 33) * 4
    return -value if code & 0x80 else value


@pytest.mark.parametrize(("payload_type", "known"), [(PCMU, KNOWN_ULAW), (PCMA, KNOWN_ALAW)])
def test_known_codes_decode_to_the_values_of_the_standard(payload_type: int, known: dict[int, int]) -> None:
    assert {code: int(codec(payload_type).decode[code]) for code in known} == known


@pytest.mark.parametrize(("payload_type", "formula"), [(PCMU, ulaw_output), (PCMA, alaw_output)])
def test_every_code_decodes_as_the_formula_says(payload_type: int, formula: object) -> None:
    assert callable(formula)
    assert codec(payload_type).decode.tolist() == [formula(code) for code in range(256)]


@pytest.mark.parametrize("payload_type", [PCMU, PCMA])
def test_every_code_survives_decoding_and_encoding(payload_type: int) -> None:
    law = codec(payload_type)
    again = law.encode[law.decode.view(np.uint16)]
    differing = set(np.flatnonzero(again != np.arange(256)))
    assert differing <= {0x7F}  # Mu-law's second zero.


@pytest.mark.parametrize("payload_type", [PCMU, PCMA])
def test_encoding_is_as_near_as_the_segment_allows(payload_type: int) -> None:
    law = codec(payload_type)
    decoded = law.decode[law.encode[ALL_SAMPLES.view(np.uint16)]].astype(np.int64)
    inside = np.abs(ALL_SAMPLES.astype(np.int64)) <= 32100
    error = np.abs(decoded - ALL_SAMPLES)[inside]
    assert (error <= np.maximum(16, np.abs(ALL_SAMPLES.astype(np.int64))[inside] / 16)).all()


@pytest.mark.parametrize("payload_type", [PCMU, PCMA])
def test_louder_samples_never_encode_to_quieter_ones(payload_type: int) -> None:
    law = codec(payload_type)
    assert (np.diff(law.decode[law.encode[ALL_SAMPLES.view(np.uint16)]].astype(np.int64)) >= 0).all()


def test_the_loudest_samples_do_not_wrap_round() -> None:
    for payload_type in (PCMU, PCMA):
        law = codec(payload_type)
        ends = law.decode[law.encode[np.array([-32768, 32767], np.int16).view(np.uint16)]]
        assert ends[0] < -32000 and ends[1] > 32000


def test_transcoding_tables_keep_the_sound() -> None:
    codes = bytes(range(256))
    ulaw, alaw = codec(PCMU), codec(PCMA)
    there = np.frombuffer(codes.translate(alaw.transcode), np.uint8)
    difference = np.abs(alaw.decode[there].astype(int) - ulaw.decode.astype(int))
    assert (difference <= np.maximum(16, np.abs(ulaw.decode.astype(int)) / 16)).all()


def test_a_fade_halves_the_amplitude() -> None:
    loud = codec(PCMA).encode[np.array([16000], np.int16).view(np.uint16)].tobytes()
    assert abs(int(codec(PCMA).decode[loud.translate(codec(PCMA).fade)[0]]) - 8000) < 500


def test_other_payload_types_are_refused() -> None:
    with pytest.raises(ValueError, match="9 is not G"):
        codec(9)
