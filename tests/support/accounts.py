"""An account at Fivetran whose responses a test writes itself."""

from pbf.config import Settings

API = "https://fivetran.example"
ACCOUNT = Settings(
    api_key="the-key",
    api_secret="the-secret",
    group_id="our_group",
    api_url=API,
    database_url="sqlite://",
)
