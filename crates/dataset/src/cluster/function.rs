//! A function as DataFusion knows it.

use super::Function;
use crate::{DatasetError, Folder};
use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Of two texts, an input and where its answer belongs: runs the function on the one and writes what it says to the other.
#[derive(Debug)]
struct Answering {
    name: String,
    run: fn(&str) -> std::result::Result<String, String>,
    signature: Signature,
}

/// The function for the engine. Its name has the version, so that machines with different versions do not work together.
pub(super) fn udf((name, run): Function) -> ScalarUDF {
    let signature = Signature::exact(vec![DataType::Utf8, DataType::Utf8], Volatility::Volatile);
    ScalarUDF::from(Answering { name: format!("{name}_{}", env!("CARGO_PKG_VERSION")), run, signature })
}

impl Answering {
    fn answer(&self, input: &str, at: &str) -> std::result::Result<(), DatasetError> {
        let (folder, name) = at.rsplit_once('/').unwrap_or((".", at));
        let folder = Folder::at(folder)?;
        // An executor that was lost may have answered before.
        if folder.get(name).is_ok() {
            return Ok(());
        }
        let answer = serde_json::to_vec(&(self.run)(input)).map_err(|error| DatasetError::broken(name, error))?;
        folder.note(name, answer)
    }
}

impl ScalarUDFImpl for Answering {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let columns: Vec<ArrayRef> =
            arguments.args.iter().map(|column| column.to_array(rows)).collect::<Result<_>>()?;
        let [inputs, places] = &columns[..] else {
            return Err(DataFusionError::Execution(format!("{} takes an input and a place", self.name)));
        };
        for (input, at) in inputs.as_string::<i32>().iter().zip(places.as_string::<i32>()) {
            let (input, at) = (input.unwrap_or_default(), at.unwrap_or_default());
            self.answer(input, at).map_err(|error| DataFusionError::Execution(error.to_string()))?;
        }
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(vec![true; rows]))))
    }
}

// A name has one function in a process.
impl PartialEq for Answering {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Answering {}

impl Hash for Answering {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
