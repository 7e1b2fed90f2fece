"""Owners of an older cnnviz, which stored what students did under the tokens of their cookies."""

from cnnviz.data.uploads import Uploads
from cnnviz.runs.store import Store
from cnnviz.secret_key import TOKEN_PATTERN, owner_of_token


def hash_owners(store: Store, uploads: Uploads, key: bytes) -> None:
    """Gives what is kept under the tokens of cookies to the owners that they stand for."""

    def hashed(owner: str) -> str:
        return owner_of_token(owner, key) if TOKEN_PATTERN.fullmatch(owner) else owner

    store.rename_owners(hashed)
    uploads.rename_owners(hashed)
