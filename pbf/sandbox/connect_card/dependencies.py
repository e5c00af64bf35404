"""Which choice on a Connect Card shows which other fields, derived from their names."""

import re
from collections.abc import Iterator
from functools import cache

from pbf.sandbox.catalogue.services import Field, Service

AUTHENTICATION = ("auth_type", "auth_method", "auth_mode", "authentication_method", "auth")
TRANSPORT = ("connection_type", "connection_method")
BUCKETS = ("bucket_service", "export_storage_type", "cloud_storage_type", "backup_storage_type")

# Fields, the choosers that control them, and the choices that show them, in lower case without
# underscores. The first rule that matches a service applies.
RULES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("tunnel_host tunnel_port tunnel_user public_key", TRANSPORT, "sshtunnel"),
    ("public_key issuer", AUTHENTICATION, "jwt"),
    (
        "password",
        AUTHENTICATION,
        "password basic basicauth passwordgrant activedirectory ropc jwtauth",
    ),
    ("username user_name", AUTHENTICATION, "password basic basicauth passwordgrant ropc jwtauth"),
    ("login_password", AUTHENTICATION, "passwordgrant"),
    ("company_uuid company_request_token", AUTHENTICATION, "companylevel"),
    ("user_key salesforce_security_token", AUTHENTICATION, "basic"),
    ("access_token personal_access_token api_token pats", AUTHENTICATION,
     "accesstoken personalaccesstoken apitoken token"),
    ("api_key api_secret access_key", AUTHENTICATION, "apikey"),
    ("access_key_id access_key_secret", AUTHENTICATION, "accesskey"),
    ("role_arn", AUTHENTICATION, "iamrole awsiam"),
    ("client_id client_secret app_id app_secret o_auth_service_token_url", AUTHENTICATION,
     "oauth oauth2 clientcredentials ropc token companylevel passwordgrant jwt"),
    ("passphrase is_private_key_encrypted", AUTHENTICATION, "keypair"),
    ("pass_phrase", AUTHENTICATION, "advanced"),
    ("private_key", AUTHENTICATION, "keypair jwt certificate advanced token"),
    ("certificate", AUTHENTICATION, "certificate advanced enhancedpassticket"),
    ("secured_signon_key", AUTHENTICATION, "legacypassticket"),
    ("client_private_key", AUTHENTICATION, "clientcertificate mutualtls"),
    ("client_certificate", AUTHENTICATION, "mutualtls"),
    ("client_public_certificate", AUTHENTICATION, "clientcertificate"),
    ("entra_app_id entra_tenant_id", AUTHENTICATION, "entraid"),
    ("tenant_id", AUTHENTICATION,
     "entraidserviceprincipalsecret entraidserviceprincipalcertificate"),
    ("connection_string", AUTHENTICATION, "connectionstring"),
    ("secret_key", AUTHENTICATION, "customserviceaccount"),
    ("auth_secret auth_header_key", AUTHENTICATION, "hmac tokenbased"),
    ("s3_bucket s3bucket s3_role_arn s3role_arn s3_export_bucket s3_export_role_arn", BUCKETS,
     "s3 awss3"),
    ("gcs_bucket gcs_export_bucket", BUCKETS, "gcs"),
    ("blob_sas_url", BUCKETS, "azure"),
    ("replica_id", ("update_method",), "binlog"),
    ("replication_slot publication_name", ("update_method",), "walpgoutput"),
    ("files", ("file_mapping_method",), "definepertable"),
    ("pgp_pass_phrase pgp_secret_key signer_public_key", ("use_pgp_encryption_options",), "true"),
)  # fmt: skip
SPECIFIC = re.compile(r"(?:specific|selected)_?(\w+)", re.IGNORECASE)


def plain(choice: str) -> str:
    """Return a choice in lower case without underscores, since services spell it differently."""
    return choice.lower().replace("_", "")


@cache
def dependencies(service: Service) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the fields shown only for certain choices, each with its chooser and choices."""
    by_field: dict[str, tuple[str, tuple[str, ...]]] = {}
    for field in service.fields:
        for chooser, choices in _candidates(service, field):
            by_field.setdefault(field.name, (chooser, choices))
    return by_field


def _candidates(service: Service, field: Field) -> Iterator[tuple[str, tuple[str, ...]]]:
    for names, choosers, choices in RULES:
        if field.name in names.split():
            for chooser in choosers:
                matching = _matching(service.by_name.get(chooser), choices.split())
                if matching:
                    yield chooser, matching
    if field.type == "array":
        yield from _specific(service, field)


def _matching(chooser: Field | None, choices: list[str]) -> tuple[str, ...]:
    """Return the choices of a chooser that show a field, or none if all of them do."""
    if chooser is None:
        return ()
    offered = chooser.enum or (("true", "") if chooser.type == "boolean" else ())
    matching = tuple(choice for choice in offered if plain(choice) in choices)
    return matching if len(matching) < len(offered) else ()


def _specific(service: Service, field: Field) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the choosers that need this list: `SpecificAccounts` needs `account_ids`."""
    for chooser in service.fields:
        for choice in chooser.enum:
            match = SPECIFIC.fullmatch(choice)
            stem = plain(match[1]).removesuffix("s") if match else None
            if plain(choice) == plain(field.name) or (stem and stem in plain(field.name)):
                yield chooser.name, (choice,)
