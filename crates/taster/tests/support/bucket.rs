//! A real S3 server, moto, of the Python that `TASTER_MOTO` names.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

const SERVER: &str = "from moto.server import ThreadedMotoServer\nimport sys\nserver = ThreadedMotoServer(ip_address='127.0.0.1', port=0)\n\
                      server.start()\nprint(server.get_host_and_port()[1], flush=True)\nsys.stdin.read()";

/// The server, until it is dropped.
pub struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts it; `None`, with the reason printed, where there is none.
    pub fn start() -> Option<Server> {
        let Some(python) = std::env::var_os("TASTER_MOTO") else {
            eprintln!("skipped: TASTER_MOTO names no Python with moto[s3] and flask; `cargo xtask test` does");
            return None;
        };
        let mut command = Command::new(python);
        let mut child = command.args(["-c", SERVER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.map_while(Result::ok).find_map(|line| line.trim().parse().ok()).unwrap();
        Some(Server { child, port })
    }

    /// What it says to a request; it looks at the form of a signature only.
    pub fn ask(&self, request: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let signed =
            "AWS4-HMAC-SHA256 Credential=id/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        let length = body.len();
        let head = format!(
            "{request} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {signed}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
        reply
    }

    /// What a client needs in its environment.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_ACCESS_KEY_ID", "id".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]
    }
}
