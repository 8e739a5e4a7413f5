"""The endpoints of requests and their trust: AWS's files and variables, http://, CAs."""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from packager.aws import session as aws_session
from packager.aws.client import Clients
from packager.aws.lambda_function import LambdaFunction
from packager.config import settings
from packager.errors import PackagerError, SettingsError
from tests import aws_stub
from tests.aws_stub import Stub, json_reply

KEYS = {"_AWS_ACCESS_KEY_ID": "own-key", "_AWS_SECRET_ACCESS_KEY": "own-secret"}
STATE = {"CodeSha256": "hash", "Version": "$LATEST"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("AWS_") or "PROXY" in name.upper()]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def clients(profile: str | None = None, **given: str) -> Clients:
    base = {"_LAMBDA_FUNCTION_ARN": "hello", "_AWS_DEFAULT_REGION": "eu-west-1"}
    return Clients(settings.read(base | given, profile=profile), timeout=6, hide=str)


def endpoint(profile: str | None = None, **given: str) -> str:
    url: str = clients(profile, **given).shared("lambda").meta.endpoint_url
    return url


def configure(home: Path, text: str, name: str = "config") -> None:
    (home / ".aws").mkdir(exist_ok=True)
    (home / ".aws" / name).write_text(text)


ELSEWHERE = "http://127.0.0.1:9/elsewhere"
CONFIGS = {
    "endpoint of the profile": f"[default]\nendpoint_url = {ELSEWHERE}\n",
    "endpoint of the service": (
        f"[default]\nservices = mine\n[services mine]\nlambda =\n  endpoint_url = {ELSEWHERE}\n"
    ),
    "FIPS": "[default]\nuse_fips_endpoint = true\n",
    "dual stack": "[default]\nuse_dualstack_endpoint = true\n",
    "broken": "[default\n",
}
OF_AWS = "https://lambda.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("kind", CONFIGS)
def test_with_own_credentials_no_configuration_file_is_used(kind: str, home: Path) -> None:
    """On a dyno the home is the app's folder, and the file would be the repository's."""
    configure(home, CONFIGS[kind])
    configure(home, "[default]\naws_session_token = another\n", "credentials")
    assert endpoint(**KEYS) == OF_AWS


def test_with_a_profile_its_endpoint_is_used(home: Path) -> None:
    configure(
        home,
        f"[profile work]\nendpoint_url = {ELSEWHERE}\n"
        "aws_access_key_id = a\naws_secret_access_key = b\n",
    )
    assert endpoint("work") == ELSEWHERE


@pytest.mark.parametrize(
    "variable",
    ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA", "AWS_CONFIG_FILE", "AWS_PROFILE"],
)
def test_with_own_credentials_variables_of_aws_are_not_used(
    variable: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are config of the function."""
    config = home / "other-config"
    config.write_text(f"[default]\nendpoint_url = {ELSEWHERE}\n")
    value = {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "gone"}.get(variable, ELSEWHERE)
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the-app's")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the-app's")
    own = clients(**KEYS)
    assert own.shared("lambda").meta.endpoint_url == OF_AWS
    credentials = own.shared("lambda")._request_signer._credentials
    assert (credentials.access_key, credentials.token) == ("own-key", None)
    assert os.environ[variable] == value


def test_with_own_credentials_no_other_description_of_aws_is_used(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`~/.aws/models` takes precedence over botocore's own data, and can name other hosts."""
    folder = home / ".aws" / "models"
    folder.mkdir(parents=True)
    (folder / "endpoints.json").write_text(json.dumps({"version": 3, "partitions": []}))
    monkeypatch.setattr("botocore.loaders.Loader.CUSTOMER_DATA_PATH", str(folder))
    assert endpoint(**KEYS) == OF_AWS


@pytest.mark.parametrize(
    "url", ["http://example.com", "http://10.1.2.3:4566", "http://127.0.0.1@example.com"]
)
def test_http_to_another_machine_is_refused_unless_it_is_allowed(url: str) -> None:
    with pytest.raises(SettingsError, match="has no TLS") as raised:
        endpoint(**KEYS, _AWS_ENDPOINT_URL=url)
    assert "--allow-http" in raised.value.hint
    assert endpoint(**KEYS, _AWS_ENDPOINT_URL=url, _AWS_ALLOW_HTTP="true") == url


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "[::1]"])
def test_http_to_this_machine_is_allowed(host: str) -> None:
    assert endpoint(**KEYS, _AWS_ENDPOINT_URL=f"http://{host}:9") == f"http://{host}:9"


def test_http_is_refused_for_an_endpoint_of_a_profile_and_for_sts_too(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(
        home,
        "[profile work]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n"
        "[profile base]\naws_access_key_id = a\naws_secret_access_key = b\n",
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://sts.example.com")
    with pytest.raises(SettingsError, match=r"sts\.example\.com has no TLS"):
        endpoint("work")
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://lambda.example.com")
    with pytest.raises(SettingsError, match=r"lambda\.example\.com has no TLS"):
        endpoint("base")


def test_loopback_is_known_by_its_address() -> None:
    for url in ("http://localhost.example.com", "http://1270.0.0.1", "https://", None):
        assert not aws_session.is_on_loopback(url)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A CA's certificate, and the certificate with key that it signed for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("ca")
    now = datetime.datetime.now(datetime.timezone.utc)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Company CA")])
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])

    def certificate(name: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool) -> bytes:
        alternative = x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(alternative, critical=False)
            .sign(keys[0], hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )

    (folder / "ca.pem").write_bytes(certificate(issuer, keys[0], ca=True))
    private = keys[1].private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "server.pem").write_bytes(certificate(subject, keys[1], ca=False) + private)
    return folder / "ca.pem", folder / "server.pem"


@pytest.fixture
def tls_stub(authority: tuple[Path, Path]) -> Iterator[Stub]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority[1])
    with aws_stub.running(context) as running:
        running.respond = lambda _: json_reply(STATE)
        yield running


def state(aws: Stub) -> str:
    given = settings.read(
        {
            **KEYS,
            "_LAMBDA_FUNCTION_ARN": "hello",
            "_AWS_DEFAULT_REGION": "eu-west-1",
            "_AWS_ENDPOINT_URL": aws.url,
        }
    )
    made = Clients(given, timeout=6, hide=str)
    return LambdaFunction(given, made).state().code_sha256


def test_a_private_ca_in_aws_ca_bundle_is_trusted_beside_own_credentials(
    tls_stub: Stub, authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority[0]))
    assert state(tls_stub) == "hash"


def test_a_certificate_of_an_unknown_ca_is_an_error_that_says_how_to_trust_it(
    tls_stub: Stub, monkeypatch: pytest.MonkeyPatch, authority: tuple[Path, Path]
) -> None:
    with pytest.raises(PackagerError, match="is not trusted") as raised:
        state(tls_stub)
    assert "set AWS_CA_BUNDLE" in raised.value.hint
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority[1]))
    with pytest.raises(PackagerError, match="is not trusted") as raised:
        state(tls_stub)
    assert raised.value.hint == "Add the CA that signed it to the PEM file of AWS_CA_BUNDLE."


def test_a_missing_file_of_cas_is_reported_with_its_variable(
    tls_stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/gone/ca.pem")
    with pytest.raises(PackagerError, match="CA certificates cannot be read") as raised:
        state(tls_stub)
    assert "AWS_CA_BUNDLE" in raised.value.hint
    assert "/gone" not in raised.value.message + raised.value.hint


@pytest.mark.parametrize("refuses", [True, False])
def test_a_proxy_that_forwards_nothing_is_named(
    refuses: bool, aws: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.respond = lambda _: (407, {}, b"")
    proxy = aws.url.removeprefix("http://") if refuses else "127.0.0.1:1"
    monkeypatch.setenv("HTTPS_PROXY", f"http://someone:the-password@{proxy}")
    made = clients(**KEYS)
    with pytest.raises(PackagerError, match="the proxy cannot be reached or refuses") as raised:
        LambdaFunction(made._settings, made).state()
    assert "HTTPS_PROXY" in raised.value.hint
    assert "the-password" not in raised.value.message + raised.value.hint
