//! A machine of a cluster for the tests: `node scheduler ADDRESS` or `node executor SCHEDULER ADDRESS`, with the functions that the
//! tests use.

use dataset::cluster::{self, Executor};
use dataset::engine::EngineError;

#[path = "../tests/engine/functions.rs"]
mod functions;

fn main() -> Result<(), EngineError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wrong = || EngineError::Query("node scheduler ADDRESS | node executor SCHEDULER ADDRESS".to_owned());
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["scheduler", bind] => cluster::scheduler(bind.parse().map_err(|_| wrong())?, functions::all()),
        ["executor", scheduler, bind] => {
            let bind = bind.parse().map_err(|_| wrong())?;
            let executor = Executor { scheduler: (*scheduler).to_owned(), bind, host: None, tasks: Some(2) };
            cluster::executor(&executor, functions::all())
        }
        _ => Err(wrong()),
    }
}
