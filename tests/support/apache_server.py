"""Apache with mod_auth_openidc in front of the dashboard: a proxy that signs people in."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET
from tests.support.requirements import require_package, skip_without
from tests.support.servers import front_server

MODULES = Path("/usr/lib/apache2/modules")
LOADED = ("mpm_event", "authz_core", "authn_core", "authz_user", "auth_openidc", "headers")
PROXIES = ("proxy", "proxy_http", "proxy_wstunnel")
SECRET = "a-secret-that-the-proxy-alone-sends-0123456789"
# The claims as headers: names with underscores would be dropped.
PRESET = "X-Claim-sub=sub X-Claim-email=email X-Claim-name=name"
CONFIGURATION = """\
ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
Mutex file:{folder} default
{modules}
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCScope "openid email profile"
OIDCRedirectURI http://localhost:{port}/_/signed-in/apache
OIDCCryptoPassphrase only-for-tests
OIDCSessionType server-cache
OIDCCacheType shm
OIDCClaimPrefix X-Claim-
OIDCPassClaimsAs headers
OIDCRemoteUserClaim sub
OIDCStripCookies mod_auth_openidc_session
<Location />
  AuthType openid-connect
  Require valid-user
</Location>
RequestHeader set X-Proxy-Secret {secret}
ProxyPreserveHost On
ProxyPass / http://127.0.0.1:{target}/ upgrade=websocket
"""


def require_apache() -> str:
    """Return the path of Apache; skip the test without it or without mod_auth_openidc."""
    program = shutil.which("apache2") or shutil.which("apache2", path="/usr/sbin")
    program = require_package(program, "Apache", "apache2-bin")
    if not (MODULES / "mod_auth_openidc.so").exists():
        skip_without(
            "mod_auth_openidc", "install your system's package libapache2-mod-auth-openidc."
        )
    return program


@contextmanager
def apache(folder: Path, port: int, target: int, issuer: str) -> Iterator[None]:
    """Run Apache on a port in front of another until the block ends."""
    program = require_apache()
    folder.mkdir()
    modules = "\n".join(
        f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in (*LOADED, *PROXIES)
    )
    configuration = folder / "apache.conf"
    configuration.write_text(
        CONFIGURATION.format(
            folder=folder,
            port=port,
            target=target,
            issuer=issuer,
            modules=modules,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            secret=SECRET,
        )
    )
    with front_server([program, "-f", str(configuration), "-D", "FOREGROUND"], folder, port):
        yield
