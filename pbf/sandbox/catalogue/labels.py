"""Labels for the fields and choices of services, made from their names."""

import re

SPELLED = """
ID IDs API URL URLs URI SSH SSL TLS AWS ARN PGP SQL IP VPN DNS FTP SFTP CSV JSON XML TSV GCS S3 SAP
CRM ERP HTTP HTTPS OAuth IAM JWT UTC ERD KMS TDE PDB CDN SDK BI HR KPI PEM VPC UUID GUID SSO MFA DB
OS EU US UK PII CDC WAL GA4 SKU UTM FX ASM ODBC JDBC NLB RFC ABS HMAC ROPC MWS SP DSP IMAP SMTP GZ
BZ2 SID LDAP SAS GB
"""
ACRONYMS = {word.lower(): word for word in SPELLED.split()}
ACRONYMS |= {
    "oauth2": "OAuth 2",
    "entra": "Entra",
    "azure": "Azure",
    "google": "Google",
    "amazon": "Amazon",
    "fivetran": "Fivetran",
    "basicauth": "basic authentication",
    "apikey": "API key",
}
WHOLE = {
    "subdomain": "Subdomain",
    "sub_domain": "Subdomain",
    "s3bucket": "S3 bucket",
    "s3role_arn": "S3 role ARN",
    "Directly": "Connect directly",
    "DIRECT": "Connect directly",
    "direct": "Connect directly",
    "ENTRA_ID": "Microsoft Entra ID",
    "connection_type": "How to connect",
    "connection_method": "How to connect",
    "auth_type": "Authentication",
    "auth_method": "Authentication",
    "auth_mode": "Authentication",
    "authentication_method": "Authentication",
    "auth": "Authentication",
    "pgp_pass_phrase": "PGP passphrase",
    "email": "Email address",
    "ALL_TIME": "All time",
}
PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d*|[A-Z]+\d*|\d+")


def label(name: str) -> str:
    """Return the label of a field or a choice: `sheet_id` is "Sheet ID"."""
    if name in WHOLE:
        return WHOLE[name]
    if not re.fullmatch(r"[A-Za-z0-9_ -]+", name):
        return name
    words = []
    for piece in re.split(r"[_ -]+", name):
        acronym = ACRONYMS.get(piece.lower())
        words += [acronym] if acronym else [_word(part) for part in PARTS.findall(piece)]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def choice_label(choice: str, choices: int) -> str:
    """Return the label of a choice out of so many; codes and URLs stay unchanged.

    Long lists contain time zones, currencies and other codes.
    """
    code = choices > 20 or not re.fullmatch(r"[A-Za-z0-9_ ]+", choice)
    if choice not in WHOLE and (code or (len(choice) < 4 and choice.islower())):
        return choice if len(choice) <= 80 else choice[:79] + "\u2026"
    return label(choice)


def _word(part: str) -> str:
    return ACRONYMS.get(part.lower(), part.lower())
