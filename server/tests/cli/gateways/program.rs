//! A gateway's program, with the configuration from `docs/gateways` at other addresses.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::support::Place;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gateway {
    Nginx,
    Caddy,
    Traefik,
    Envoy,
}

/// A gateway that runs; ended when dropped.
pub(crate) struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    pub(crate) fn start(gateway: Gateway, place: &Place, latchkey: &str, upstream: SocketAddr) -> Self {
        // A port that was free a moment ago, and still is unless another program wants just this one.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let documented = |file: &str| {
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gateways").join(file)).unwrap()
        };
        let moved = |file: &str| {
            let text = documented(file);
            for documented in ["127.0.0.1:3000", "127.0.0.1:8080"] {
                assert!(text.contains(documented), "{file}: {documented}");
            }
            text.replace("127.0.0.1:3000", latchkey).replace("127.0.0.1:8080", &upstream.to_string())
        };
        let mut command = match gateway {
            Gateway::Nginx => {
                let text = moved("nginx.conf").replace("listen 8000;", &format!("listen {address};"));
                place.write("site.conf", text);
                let directory = place.path("");
                let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map(|kind| format!("{kind}_temp_path {}/{kind};\n", directory.display()))
                    .concat();
                place.write(
                    "nginx.conf",
                    format!(
                        "daemon off; master_process off; pid {0}/pid; error_log {0}/error.log;\nevents {{}}\n\
                         http {{ access_log off;\n{temporary}include {0}/site.conf; }}",
                        directory.display()
                    ),
                );
                let mut command = Command::new(find(&["/usr/sbin/nginx", "nginx"]));
                command.arg("-p").arg(&directory).arg("-c").arg(place.path("nginx.conf"));
                command
            }
            Gateway::Caddy => {
                let text = moved("Caddyfile").replace("http://:8000", &format!("http://{address}"));
                place.write("Caddyfile", format!("{{\n\tadmin off\n}}\n{text}"));
                let mut command = Command::new(find(&["caddy"]));
                command.args(["run", "--adapter", "caddyfile", "--config"]).arg(place.path("Caddyfile"));
                command.env("HOME", place.path("")).env("XDG_DATA_HOME", place.path(""));
                command
            }
            Gateway::Traefik => {
                place.write("traefik.yml", moved("traefik.yml"));
                let own = std::env::var("LATCHKEY_TRAEFIK").unwrap_or_default();
                let mut command = Command::new(find(&[&own, "traefik"]));
                command.arg(format!("--entrypoints.web.address={address}"));
                command.arg(format!("--providers.file.filename={}", place.path("traefik.yml").display()));
                command.args(["--global.checknewversion=false", "--global.sendanonymoususage=false"]);
                command
            }
            Gateway::Envoy => {
                let moved = place_envoy(&documented("envoy.yaml"), latchkey, upstream, address);
                place.write("envoy.yaml", moved);
                let own = std::env::var("LATCHKEY_ENVOY").unwrap_or_default();
                let mut command = Command::new(find(&[&own, "envoy"]));
                command.args(["--use-dynamic-base-id", "--concurrency", "1", "-c"]).arg(place.path("envoy.yaml"));
                command
            }
        };
        let log = File::create(place.path("gateway.log")).unwrap();
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        Self { child, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Envoy's configuration has addresses and ports apart.
fn place_envoy(text: &str, latchkey: &str, upstream: SocketAddr, own: SocketAddr) -> String {
    let at = |address: &str, port: u16| format!("address: {address}, port_value: {port}");
    let latchkey: SocketAddr = latchkey.parse().unwrap();
    let moves = [(at("0.0.0.0", 8000), own), (at("127.0.0.1", 3000), latchkey), (at("127.0.0.1", 8080), upstream)];
    moves.iter().fold(text.to_owned(), |text, (documented, address)| {
        assert!(text.contains(documented), "envoy.yaml: {documented}");
        text.replace(documented, &at(&address.ip().to_string(), address.port()))
    })
}

/// The first of these programs that is here.
fn find(names: &[&str]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = names.iter().filter(|name| !name.is_empty()).find_map(|name| {
        std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file())
    });
    found.unwrap_or_else(|| panic!("none of {names:?} is installed"))
}
