"""Whose credentials a client has, and what it signs with them."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import exceptions as auth
from google.auth.compute_engine.credentials import Credentials as MachineCredentials
from google.auth.credentials import AnonymousCredentials

from framefleet.errors import AccessDeniedError, CredentialsError, StorageError
from framefleet.storages.gcs.client import open_client
from framefleet.storages.gcs.options import GcsOptions
from framefleet.storages.gcs.storage import GcsStorage

EMAIL = "renderer@p.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def private_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture(autouse=True)
def _nothing_around(monkeypatch, tmp_path):
    """A machine that is nobody's."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "STORAGE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.fixture
def opened():
    clients = []

    def opened(**options):
        clients.append(open_client(GcsOptions(**options)))
        return clients[-1]

    yield opened
    for client in clients:
        client.close()


@pytest.mark.parametrize("is_escaped", [False, True])
def test_a_key_is_taken_with_either_line_ends(opened, private_key, is_escaped):
    key = private_key.replace("\n", "\\n") if is_escaped else private_key
    client = opened(client_email=EMAIL, private_key=key)
    assert client._credentials.service_account_email == EMAIL
    assert client.project is None
    assert client.api_endpoint == "https://storage.googleapis.com"


def test_options_show_no_key(private_key):
    assert "PRIVATE KEY" not in repr(GcsOptions(client_email=EMAIL, private_key=private_key))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"client_email": EMAIL}, "lacks its private key"),
        ({"private_key": "s3cret"}, "lacks its e-mail address"),
        ({"client_email": EMAIL, "private_key": "s3cret"}, "cannot be read.*BEGIN PRIVATE KEY"),
        (
            {
                "client_email": EMAIL,
                "private_key": "-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n",
            },
            "cannot be read",
        ),
    ],
)
def test_a_key_that_is_none_is_told_without_it(options, said):
    with pytest.raises(CredentialsError, match=said) as caught:
        open_client(GcsOptions(**options))
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("project", [None, "p"])
def test_a_machine_without_credentials_says_how_to_sign_in(project):
    with pytest.raises(CredentialsError, match=r"REMOTION_GCP_CLIENT_EMAIL.*gcloud auth"):
        open_client(GcsOptions(project=project))


def test_a_broken_file_of_credentials_is_told(monkeypatch, tmp_path):
    (tmp_path / "key.json").write_text("{")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    with pytest.raises(CredentialsError):
        open_client(GcsOptions())


def test_an_endpoint_needs_no_credentials(opened):
    client = opened(endpoint="http://127.0.0.1:1/")
    assert isinstance(client._credentials, AnonymousCredentials)
    assert client.api_endpoint == "http://127.0.0.1:1"
    with pytest.raises(StorageError, match="localhost"):
        open_client(GcsOptions(endpoint="localhost:1"))


def test_the_library_knows_emulators_itself(opened, monkeypatch):
    monkeypatch.setattr(
        "google.cloud.storage.client._get_storage_emulator_override",
        lambda: "http://127.0.0.1:1",
    )
    client = opened()
    assert isinstance(client._credentials, AnonymousCredentials)
    assert client.api_endpoint == "http://127.0.0.1:1"


@pytest.mark.anyio
@pytest.mark.parametrize("endpoint", [None, "http://127.0.0.1:1"])
async def test_a_key_signs_addresses(opened, private_key, endpoint):
    client = opened(client_email=EMAIL, private_key=private_key, endpoint=endpoint)
    url = urlsplit(await GcsStorage(client, "b").presign("a b/ü.mp4", 60))
    assert f"{url.scheme}://{url.netloc}" == (endpoint or "https://storage.googleapis.com")
    assert url.path == "/b/a%20b/%C3%BC.mp4"
    query = parse_qs(url.query)
    assert query["X-Goog-Expires"] == ["60"]
    assert query["X-Goog-Credential"][0].startswith(EMAIL)
    assert len(query["X-Goog-Signature"][0]) == 512


class TestOnCloudRun:
    """Where only Google's IAM has the key; nothing on this machine can answer for it."""

    @pytest.fixture
    def storage(self, opened, monkeypatch):
        client = opened(endpoint="http://127.0.0.1:1")
        client._credentials = MachineCredentials()

        def refresh(credentials, request):
            credentials.token = f"token for {credentials._scopes}"
            credentials._service_account_email = EMAIL

        monkeypatch.setattr(MachineCredentials, "refresh", refresh)
        return GcsStorage(client, "b")

    @pytest.mark.anyio
    async def test_iam_signs(self, storage, monkeypatch):
        asked = []

        def sign(text, token, email, domain):
            asked.append(SimpleNamespace(token=token, email=email))
            return "AAAA"

        monkeypatch.setattr("google.cloud.storage._signing._sign_message", sign)
        url = await storage.presign("k", 60)
        assert url.startswith("http://127.0.0.1:1/b/k?")
        assert asked[0].email == EMAIL
        assert "cloud-platform" in asked[0].token

    @pytest.mark.anyio
    async def test_an_account_that_may_not_sign_is_told(self, storage, monkeypatch):
        def refuse(*_):
            raise auth.TransportError("Error calling the IAM signBytes API: b'denied'")

        monkeypatch.setattr("google.cloud.storage._signing._sign_message", refuse)
        with pytest.raises(AccessDeniedError, match="Service Account Token Creator"):
            await storage.presign("k", 60)
