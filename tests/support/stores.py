"""Where the tests of stores keep them."""


def address(request, tmp_path):
    if request.param == "postgres":
        return request.getfixturevalue("postgres").fresh()
    return "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path / 'store.sqlite3'}"
