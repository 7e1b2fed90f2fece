"""The secret of a server, and who a cookie stands for."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cnnviz.secret_key import KEY_BYTES, KEY_FILE, TOKEN_PATTERN, new_owner, owner_of_token, secret_key

TOKEN = "0123456789abcdef" * 2


def test_a_server_has_one_secret_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:  # several processes may start at once
        keys = set(pool.map(lambda _: secret_key.__wrapped__(tmp_path), range(8)))
    assert {len(key) for key in keys} == {KEY_BYTES}
    assert len(keys) == 1
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_an_owner_tells_nothing_of_the_token_and_differs_by_server() -> None:
    one, other = (owner_of_token(TOKEN, bytes([number]) * KEY_BYTES) for number in (1, 2))
    assert one == owner_of_token(TOKEN, b"\x01" * KEY_BYTES)
    assert one != other
    assert len(one) == len(new_owner()) == 32  # the width of the column
    assert not TOKEN_PATTERN.fullmatch(one)
    assert not TOKEN_PATTERN.fullmatch(new_owner())
    assert not any(TOKEN[start : start + 6] in one for start in range(26))
