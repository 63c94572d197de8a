//! One scheduler and two executors, as processes on the loopback.

use super::{data, expected, functions, inputs, look};
use arrow::array::AsArray;
use dataset::engine::Engine;
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A process that ends with the test.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Node {
    fn start(arguments: &[&str]) -> Node {
        let here = std::env::current_exe().unwrap();
        let program: PathBuf = here.parent().unwrap().parent().unwrap().join("examples/node");
        Node(Command::new(program).args(arguments).stdout(Stdio::null()).spawn().unwrap())
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn id(&self) -> String {
        self.0.id().to_string()
    }
}

/// An address that is free together with the next port.
fn free() -> SocketAddr {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = first.local_addr().unwrap();
        if address.port() < u16::MAX && TcpListener::bind(("127.0.0.1", address.port() + 1)).is_ok() {
            return address;
        }
    }
}

fn listens(address: SocketAddr) {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(start.elapsed() < Duration::from_secs(60), "nobody listens at {address}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A scheduler and two executors.
struct Cluster {
    address: String,
    _scheduler: Node,
    executors: [Node; 2],
}

impl Cluster {
    fn start() -> Cluster {
        let address = free();
        let scheduler = Node::start(&["scheduler", &address.to_string()]);
        listens(address);
        let executors = [(); 2].map(|()| {
            let bind = free();
            let executor = Node::start(&["executor", &address.to_string(), &bind.to_string()]);
            listens(bind);
            executor
        });
        Cluster { address: address.to_string(), _scheduler: scheduler, executors }
    }

    fn client(&self) -> Engine {
        Engine::cluster(&self.address, functions::all()).unwrap()
    }
}

#[test]
fn both_executors_work_and_come_to_what_one_machine_comes_to() {
    let (data, work) = (data(40), tempfile::tempdir().unwrap());
    let cluster = Cluster::start();
    let (read, processes) = look(&cluster.client(), &inputs(data.path()), work.path());
    assert_eq!(read, expected(40));
    assert_eq!(processes, cluster.executors.iter().map(Node::id).collect::<BTreeSet<_>>());
}

#[test]
fn an_executor_that_is_killed_costs_time_and_no_results() {
    let (data, work) = (data(60), tempfile::tempdir().unwrap());
    let mut cluster = Cluster::start();
    let client = cluster.client();
    let parts = inputs(data.path());
    let (read, processes) = std::thread::scope(|scope| {
        let running = scope.spawn(|| look(&client, &parts, work.path()));
        // 60 parts of 0.2 s on four slots take 3 s.
        std::thread::sleep(Duration::from_millis(1500));
        cluster.executors[0].kill();
        running.join().unwrap()
    });
    assert_eq!(read, expected(60));
    assert!(processes.contains(&cluster.executors[1].id()));
}

#[test]
fn queries_over_tables_give_what_they_give_here() {
    let folder = tempfile::tempdir().unwrap();
    let column = arrow::array::StringArray::from_iter_values((0..1000).map(|row| format!("{}", row % 7)));
    let batch = arrow::record_batch::RecordBatch::try_from_iter([(
        "mark",
        std::sync::Arc::new(column) as arrow::array::ArrayRef,
    )])
    .unwrap();
    let file = std::fs::File::create(folder.path().join("a.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let cluster = Cluster::start();
    let ask = |engine: Engine| {
        engine.register("marks", folder.path().to_str().unwrap()).unwrap();
        let sql = "SELECT CAST(count(*) AS VARCHAR) || '-' || mark FROM marks GROUP BY mark ORDER BY mark";
        let batches: Vec<_> = engine.query(sql).unwrap().map(Result::unwrap).collect();
        let texts = |batch: &arrow::record_batch::RecordBatch| {
            let column = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8).unwrap();
            column.as_string::<i32>().iter().flatten().map(str::to_owned).collect::<Vec<_>>()
        };
        batches.iter().flat_map(texts).collect::<Vec<_>>()
    };
    let here = ask(Engine::embedded(Vec::new(), 64 << 20).unwrap());
    assert_eq!(here.len(), 7);
    assert_eq!(ask(cluster.client()), here);
}

#[test]
fn a_scheduler_that_is_not_there_is_an_error_that_names_it() {
    let engine = Engine::cluster(&free().to_string(), Vec::new()).unwrap();
    let error = engine.query("SELECT 1").and_then(|mut batches| batches.next().unwrap()).unwrap_err();
    assert!(error.to_string().to_lowercase().contains("scheduler") || error.to_string().contains("onnect"), "{error}");
    Engine::cluster("nonsense", Vec::new()).unwrap_err();
}
