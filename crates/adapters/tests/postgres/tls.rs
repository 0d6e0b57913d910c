//! `sslmode` and `sslrootcert` mean the same as in libpq.

use std::path::Path;
use std::sync::OnceLock;

use hexdesk_adapters::{PostgresOpenError, PostgresStorage};
use hexdesk_test_postgres::{Cluster, cluster};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

/// A server that offers TLS, with a certificate for `localhost` only.
struct TlsServer {
    cluster: Cluster,
    directory: TempDir,
}

fn tls_server() -> &'static TlsServer {
    static SERVER: OnceLock<TlsServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let authority = authority("Right authority");
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, "localhost");
        let certificate = parameters.signed_by(&key, &authority).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("right.pem"), authority.pem()).unwrap();
        std::fs::write(directory.path().join("wrong.pem"), self::authority("Wrong authority").pem()).unwrap();
        std::fs::write(directory.path().join("empty.pem"), "").unwrap();
        let cluster = Cluster::builder()
            .setting("ssl", "on")
            .file("server.crt", certificate.pem())
            .file("server.key", key.serialize_pem())
            .start();
        TlsServer { cluster, directory }
    })
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

impl TlsServer {
    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }
}

/// The result of a connection attempt.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    Encrypted,
    Plain,
    Refused,
}

/// Connects to 127.0.0.1 under this host name, and asks the server whether it uses TLS.
async fn way(cluster: &Cluster, host: &str, parameters: &str) -> Way {
    let name = format!("tls-test-{}", NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let url = format!(
        "postgres://postgres@{host}:{}/postgres?hostaddr=127.0.0.1&application_name={name}{parameters}",
        cluster.port()
    );
    let storage = match PostgresStorage::connect(&url).await {
        Ok(storage) => storage,
        Err(PostgresOpenError::Connect(_)) => return Way::Refused,
        Err(error) => panic!("{error}"),
    };
    let seen = cluster.psql(
        "postgres",
        &format!(
            "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = '{name}'"
        ),
    );
    drop(storage);
    match seen.as_str() {
        "t" => Way::Encrypted,
        "f" => Way::Plain,
        other => panic!("an unexpected value of ssl: {other:?}"),
    }
}

static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

#[tokio::test]
async fn a_server_with_tls_must_satisfy_the_mode() {
    let server = tls_server();
    let right = format!("&sslrootcert={}", server.path("right.pem"));
    let wrong = format!("&sslrootcert={}", server.path("wrong.pem"));
    for (mode, roots, host, expected) in [
        ("", "", "localhost", Way::Encrypted),
        ("&sslmode=disable", "", "localhost", Way::Plain),
        ("&sslmode=prefer", "", "other.example", Way::Encrypted),
        ("&sslmode=require", "", "other.example", Way::Encrypted),
        ("&sslmode=require", &right, "other.example", Way::Encrypted),
        ("&sslmode=require", &wrong, "localhost", Way::Refused),
        ("&sslmode=verify-ca", &right, "localhost", Way::Encrypted),
        ("&sslmode=verify-ca", &right, "other.example", Way::Encrypted),
        ("&sslmode=verify-ca", &wrong, "localhost", Way::Refused),
        ("&sslmode=verify-full", &right, "localhost", Way::Encrypted),
        ("&sslmode=verify-full", &right, "other.example", Way::Refused),
        ("&sslmode=verify-full", &right, "127.0.0.1", Way::Refused),
        ("&sslmode=verify-full", &wrong, "localhost", Way::Refused),
    ] {
        let found = way(&server.cluster, host, &format!("{mode}{roots}")).await;
        assert_eq!(found, expected, "{host} {mode}{roots}");
    }
}

#[tokio::test]
async fn the_systems_roots_do_not_verify_a_private_authority() {
    let port = tls_server().cluster.port();
    let url = |roots: &str| format!("postgres://postgres@localhost:{port}/postgres{roots}");
    PostgresStorage::connect(&url("")).await.unwrap();
    let error = PostgresStorage::connect(&url("?sslrootcert=system")).await.unwrap_err().to_string();
    // A system without root certificates reports that instead.
    assert!(error.contains("UnknownIssuer") || error.contains("ca-certificates"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_used_only_if_the_mode_allows_it() {
    let roots = format!("&sslrootcert={}", tls_server().path("right.pem"));
    for (mode, expected) in [
        ("disable", Way::Plain),
        ("prefer", Way::Plain),
        ("require", Way::Refused),
        ("verify-ca", Way::Refused),
        ("verify-full", Way::Refused),
    ] {
        assert_eq!(way(cluster(), "localhost", &format!("&sslmode={mode}{roots}")).await, expected, "{mode}");
    }
}

#[tokio::test]
async fn a_unix_socket_needs_no_tls() {
    let directory = cluster().socket_directory().display().to_string().replace('/', "%2F");
    let url = format!("postgres://postgres@{directory}:{}/postgres?sslmode=verify-full", cluster().port());
    PostgresStorage::connect(&url).await.unwrap();
}

#[tokio::test]
async fn the_first_writable_host_is_used() {
    // No server listens on port 1.
    let url = format!(
        "postgres://postgres@127.0.0.1:1,127.0.0.1:{}/postgres?target_session_attrs=read-write",
        cluster().port()
    );
    PostgresStorage::connect(&url).await.unwrap();
    let read_only = format!("{url}&options=-c%20default_transaction_read_only%3Don");
    assert!(PostgresStorage::connect(&read_only).await.is_err());
}

#[tokio::test]
async fn an_unusable_root_certificate_file_is_named() {
    for (path, reason) in [
        (tls_server().path("missing.pem"), "No such file"),
        (tls_server().path("empty.pem"), "it has no certificate"),
    ] {
        assert!(Path::new(&path).is_absolute());
        let url = format!("postgres://postgres:secret@localhost/db?sslmode=verify-full&sslrootcert={path}");
        let error = PostgresStorage::connect(&url).await.unwrap_err().to_string();
        assert!(error.contains("sslrootcert") && error.contains(&path) && error.contains(reason), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_refusal_names_host_and_reason_but_not_the_password() {
    let own = Cluster::builder()
        .access_rules("local all postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        .start();
    own.psql("postgres", "CREATE ROLE clerk LOGIN PASSWORD 'right horse'");
    let url = |password: &str| format!("postgres://clerk:{password}@127.0.0.1:{}/postgres", own.port());
    PostgresStorage::connect(&url("right%20horse")).await.unwrap();
    let error = PostgresStorage::connect(&url("wrong%20horse")).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains(&format!("127.0.0.1:{}", own.port())) && shown.contains("28P01"), "{shown}");
    assert!(!shown.contains("horse"), "{shown}");
}
